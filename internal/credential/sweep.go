package credential

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

const (
	sweepBatch   = 200
	sweepWorkers = 8
)

// Run does the background work until ctx ends: it refreshes ahead of expiry, tells providers what was revoked, and
// clears away what is over. What is due stands in the store, so a restart loses nothing, and any number of replicas
// may run it: the lease decides who refreshes.
func (k *Keeper) Run(ctx context.Context) {
	for {
		// Replicas that started together drift apart.
		pause := k.SweepEvery*3/4 + rand.N(k.SweepEvery/2+1) //nolint:gosec // jitter, not a secret
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		k.sweep(ctx)
	}
}

func (k *Keeper) sweep(ctx context.Context) {
	due, err := k.Store.DueAuthorizations(ctx, sweepBatch)
	if err != nil {
		k.Logger.ErrorContext(ctx, "look for tokens that are about to expire", "error", err)
	}
	each(due, func(d store.DueAuthorization) { k.refreshDue(ctx, d) })
	revocations, err := k.Store.DueRevocations(ctx, sweepBatch)
	if err != nil {
		k.Logger.ErrorContext(ctx, "look for tokens to revoke", "error", err)
	}
	each(revocations, func(r store.ProviderRevocation) { k.retryRevocation(ctx, r) })
	overdue, err := k.Store.OverduePending(ctx, sweepBatch)
	if err != nil {
		k.Logger.ErrorContext(ctx, "look for connect sessions that nobody confirmed", "error", err)
	}
	each(overdue, func(s store.ConnectSession) { k.endOverdue(ctx, s) })
	if err := k.Store.DeleteExpired(ctx); err != nil {
		k.Logger.ErrorContext(ctx, "clear away what has expired", "error", err)
	}
}

func each[T any](items []T, do func(T)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, sweepWorkers)
	for _, item := range items {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(item)
		})
	}
	wg.Wait()
}

func (k *Keeper) refreshDue(ctx context.Context, d store.DueAuthorization) {
	con, err := k.Store.ConnectionByID(ctx, d.Organization, d.Connection)
	if err != nil {
		k.Logger.ErrorContext(ctx, "refresh ahead of time", "organization", d.Organization, "authorization", d.ID, "error", err)
		return
	}
	full, err := k.Find(ctx, d.Organization, con.LinkName)
	if err != nil {
		return // its service is gone: whoever calls is told
	}
	live, err := k.Live(ctx, full, d.User)
	if err != nil || live.Authorization.ID != d.ID {
		return // it moved on while we looked
	}
	if !renewable(full.Service, live.Credential) {
		return
	}
	// A failure is stored with the authorization and comes due again; there is nobody here to tell.
	if _, err := k.refresh(ctx, live, false); err != nil && lanyard.CodeOf(err) == lanyard.CodeInternal {
		k.Logger.ErrorContext(ctx, "refresh ahead of time", "organization", d.Organization, "connection", con.LinkName, "error", err)
	}
}
