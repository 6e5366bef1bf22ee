package credential

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"lanyard"
	"lanyard/internal/scheme/oauth2"
	"lanyard/internal/store"
)

const (
	// storePatience is how long an answer of the provider is kept in memory while the store is down.
	storePatience = 10 * time.Minute
	// forcedGap is the least time between two refreshes that an upstream's 401 asks for.
	forcedGap = time.Minute
	// usedUpGap is the least time between two refreshes of tokens that expire at once.
	usedUpGap = 10 * time.Second

	firstRetry = 5 * time.Second
	lastRetry  = 10 * time.Minute
)

// leaseLength outlives the exchange and what surrounds it, so that nobody starts a second one beside it.
func (k *Keeper) leaseLength() time.Duration { return 2 * k.ExchangeTimeout }

// Fresh gives a live authorization whose token is not about to expire: the same one, or a refreshed one. While a
// provider cannot be reached, the old token serves as long as it lives.
func (k *Keeper) Fresh(ctx context.Context, live *Live) (*Live, error) {
	a := &live.Authorization
	if a.ExpiresAt.IsZero() {
		return live, nil
	}
	now := k.Store.Now()
	if !k.due(a, now) {
		return live, nil
	}
	alive := now.Before(a.ExpiresAt)
	if !renewable(live.On.Service, live.Credential) {
		if alive || a.Lifetime <= 0 {
			return live, nil
		}
		return nil, k.expired(ctx, live)
	}
	if now.Before(a.RetryAt) {
		if alive {
			return live, nil
		}
		return nil, unavailable(live, a.RetryAt.Sub(now), a.LastError)
	}
	fresh, err := k.refresh(ctx, live, false)
	if err != nil && alive && isTransient(err) {
		return live, nil
	}
	return fresh, err
}

// due: is it time to refresh before a call? A token that its provider gives no life at all is used once and then
// refreshed at most every ten seconds.
func (k *Keeper) due(a *lanyard.Authorization, now time.Time) bool {
	if a.Lifetime <= 0 {
		return !now.Before(a.RefreshedAt.Add(usedUpGap))
	}
	return a.Due(now)
}

// Refused is asked after an upstream refused a token that should have been good. It gives a newer live authorization
// to try once more with, or nil when there is none to be had: the refusal then goes to the caller.
func (k *Keeper) Refused(ctx context.Context, live *Live, status int) *Live {
	if !meansRefresh(live.On.Service, status) || !renewable(live.On.Service, live.Credential) {
		return nil
	}
	now := k.Store.Now()
	if now.Before(live.Authorization.ForcedAt.Add(forcedGap)) || now.Before(live.Authorization.RetryAt) {
		return nil
	}
	fresh, err := k.refresh(ctx, live, true)
	if err != nil || fresh.Authorization.Generation == live.Authorization.Generation {
		return nil
	}
	return fresh
}

// RefusedLater is [Keeper.Refused] for a request that cannot be sent again: the refresh happens beside it, for the next.
func (k *Keeper) RefusedLater(live *Live, status int) {
	if !meansRefresh(live.On.Service, status) {
		return
	}
	ctx, done := k.detach(context.Background())
	go func() {
		defer done()
		k.Refused(ctx, live, status)
	}()
}

func meansRefresh(s *lanyard.Service, status int) bool {
	if s.Auth.OAuth2 == nil {
		return false
	}
	if len(s.Auth.OAuth2.RefreshStatuses) == 0 {
		return status == 401
	}
	return slices.Contains(s.Auth.OAuth2.RefreshStatuses, status)
}

// renewable: can a new access token be had without a person?
func renewable(s *lanyard.Service, c *lanyard.Credential) bool {
	a := s.Auth.OAuth2
	return a != nil && (a.GrantType == lanyard.ClientCredentials || !c.RefreshToken.IsZero())
}

func isTransient(err error) bool { return lanyard.CodeOf(err) == lanyard.CodeRefreshUnavailable }

func unavailable(live *Live, after time.Duration, why string) error {
	e := lanyard.Errorf(lanyard.CodeRefreshUnavailable, "The access token of the connection %s has to be refreshed, and the provider cannot do it now: %s. Try again.", live.On.LinkName, why)
	e.RetryAfter = max(after, time.Second)
	return e
}

// expired ends an authorization whose token ran out and cannot be renewed.
func (k *Keeper) expired(ctx context.Context, live *Live) error {
	reason := "Its access token expired, and the provider gave no refresh token."
	if err := k.requireReconnect(ctx, live, live.Authorization.Generation, reason, ""); err != nil {
		return err
	}
	return k.again(ctx, live)
}

// again reads the authorization anew: usable, or the error that says why not.
func (k *Keeper) again(ctx context.Context, live *Live) error {
	_, err := k.open(ctx, live.On, live.Authorization.UserID)
	return err
}

// refresh joins the one flight of this process for this version of the credential and waits for it as long as ctx
// lets it. The flight itself goes on.
func (k *Keeper) refresh(ctx context.Context, live *Live, forced bool) (*Live, error) {
	flight := fmt.Sprintf("%s %d", live.Authorization.ID, live.Authorization.Generation)
	landed := k.flights.DoChan(flight, func() (any, error) {
		ctx, done := k.detach(ctx)
		defer done()
		return k.refreshOnce(ctx, live, forced)
	})
	select {
	case r := <-landed:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*Live), nil
	case <-ctx.Done():
		return nil, unavailable(live, time.Second, "it has not answered yet")
	}
}

// detach gives a context that outlives its caller, for work whose result must not be lost, and that Close waits for.
func (k *Keeper) detach(ctx context.Context) (context.Context, context.CancelFunc) {
	k.running.Add(1)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), k.leaseLength()+storePatience)
	stop := context.AfterFunc(k.background, cancel)
	return ctx, func() {
		stop()
		cancel()
		k.running.Done()
	}
}

// refreshOnce sees to it that a newer version of the credential exists, made by this replica or another, and gives it.
func (k *Keeper) refreshOnce(ctx context.Context, live *Live, forced bool) (*Live, error) {
	id, seen := live.Authorization.ID, live.Authorization.Generation
	giveUp := time.Now().Add(k.leaseLength())
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		a, c, err := k.Store.OpenAuthorizationByID(ctx, live.On.OrganizationID, id)
		if lanyard.CodeOf(err) == lanyard.CodeNotFound {
			return nil, k.again(ctx, live)
		} else if err != nil {
			return nil, err
		}
		if a.Status != lanyard.StatusConnected || a.Generation > seen {
			return k.ready(ctx, live.On, a, c) // somebody else was here: refreshed, or ended it
		}
		now := k.Store.Now()
		if now.Before(a.RetryAt) {
			return nil, unavailable(live, a.RetryAt.Sub(now), a.LastError)
		}
		lease, ok, err := k.Store.TakeLease(ctx, live.On.OrganizationID, id, seen, k.leaseLength(), forced)
		if err != nil {
			return nil, err
		}
		if ok {
			return k.exchange(ctx, live, lease)
		}
		// Another replica is at it. Its result is on its way; nobody refreshes without the lease.
		if time.Now().After(giveUp) {
			return nil, unavailable(live, time.Second, "another replica is still waiting for its answer")
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, unavailable(live, time.Second, "it has not answered yet")
		}
	}
}

// exchange holds the lease: it reads once more what there is to refresh, asks the provider once, and stores the answer
// before anybody uses it.
func (k *Keeper) exchange(ctx context.Context, live *Live, lease store.Lease) (*Live, error) {
	a, c, err := k.Store.OpenAuthorizationByID(ctx, lease.Organization, lease.Authorization)
	if err != nil {
		return nil, err
	}
	if a.Status != lanyard.StatusConnected || a.Generation != lease.Generation {
		return k.ready(ctx, live.On, a, c)
	}
	began := time.Now()
	got, err := k.renew(ctx, live.On, c)
	k.OnRefresh(err)
	if err != nil {
		return k.refused(ctx, live, a.RefreshFailure, lease, err)
	}
	renewed := *c
	k.learnAgain(ctx, live.On, &renewed, got)
	result := got.refreshed(&renewed, time.Since(began), k.Store.Now())
	if err := k.keepAnswer(ctx, live.On, lease, result); err != nil {
		return nil, err
	}
	a, c, err = k.Store.OpenAuthorizationByID(ctx, lease.Organization, lease.Authorization)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, k.again(ctx, live)
	} else if err != nil {
		return nil, err
	}
	return k.ready(ctx, live.On, a, c)
}

// keepAnswer stores what the provider answered. Only this process has it, so a store that is down is asked again and
// again. When the authorization has moved on, the answer has no place: tokens of one that was ended meanwhile are
// revoked at the provider; those of one that was refreshed meanwhile by somebody else are left alone, because revoking
// one token of a grant can end the whole grant.
func (k *Keeper) keepAnswer(ctx context.Context, con *Connection, lease store.Lease, result store.Refreshed) error {
	entry := lanyard.AuditEntry{OrganizationID: lease.Organization, Action: lanyard.ActionRefresh, Object: string(con.ID), ObjectName: string(con.LinkName)}
	until := time.Now().Add(storePatience)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		stored, err := k.Store.StoreRefreshed(ctx, lease, result, entry)
		if err == nil {
			if !stored {
				k.lateAnswer(ctx, con, lease, result)
			}
			return nil
		}
		k.Logger.ErrorContext(ctx, "store a refreshed credential", "organization", lease.Organization, "authorization", lease.Authorization, "error", err)
		if time.Now().After(until) {
			return fmt.Errorf("store a refreshed credential of %s: %w", lease.Authorization, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("store a refreshed credential of %s: %w", lease.Authorization, err)
		}
	}
}

func (k *Keeper) lateAnswer(ctx context.Context, con *Connection, lease store.Lease, result store.Refreshed) {
	a, _, err := k.Store.OpenAuthorizationByID(ctx, lease.Organization, lease.Authorization)
	if err == nil && a.Status == lanyard.StatusConnected {
		k.Logger.WarnContext(ctx, "a refresh came too late and was not used", "organization", lease.Organization, "authorization", lease.Authorization)
		return
	}
	k.giveBack(ctx, con, result.Credential)
}

// refused handles a refresh that gave no token.
func (k *Keeper) refused(ctx context.Context, live *Live, failures int, lease store.Lease, cause error) (*Live, error) {
	var provider *oauth2.Error
	if errors.As(cause, &provider) && provider.Class == oauth2.Refused {
		// Somebody may have refreshed between our reading and the provider's answer: then this is no error.
		now, c, err := k.Store.OpenAuthorizationByID(ctx, lease.Organization, lease.Authorization)
		if err == nil && now.Generation != lease.Generation {
			return k.ready(ctx, live.On, now, c)
		}
		said := words(provider)
		reason := fmt.Sprintf("%s refused the refresh token (%s).", live.On.Service.Name, said)
		if lost := lease.LostAttempt; !lost.IsZero() {
			reason = fmt.Sprintf("An answer of %s was lost at %s, and with it a refresh token that could not be asked for again (%s).",
				live.On.Service.Name, lost.UTC().Format("2006-01-02 15:04 UTC"), said)
		}
		if err := k.requireReconnect(ctx, live, lease.Generation, reason, provider.Code); err != nil {
			return nil, err
		}
		return nil, k.again(ctx, live)
	}
	why, after, answerLost := "it could not be reached", backoff(failures), true
	if provider != nil {
		why = words(provider)
		// What was answered, however badly, was not lost: only an answer that could not be read may have held a token.
		answerLost = provider.Class == oauth2.Malformed || provider.Status == 0 && !provider.NeverSent
		after = max(after, provider.RetryAfter)
		if provider.Class == oauth2.Misconfigured {
			why = fmt.Sprintf("the client of the service %s is refused (%s), which concerns all its connections: check its client id and secret", live.On.Service.Name, why)
			after = max(after, time.Minute)
		}
	}
	if err := k.Store.ReleaseLease(ctx, lease, k.Store.Now().Add(after), why, answerLost); err != nil {
		return nil, err
	}
	k.live.Invalidate(liveKey{live.On.OrganizationID, live.On.ID, live.Authorization.UserID}) // it does not know yet when to try again
	k.Logger.WarnContext(ctx, "refresh failed", "organization", lease.Organization, "connection", live.On.LinkName, "authorization", lease.Authorization, "error", cause)
	return nil, unavailable(live, after, why)
}

// backoff grows with each failure in a row, with jitter so that replicas and connections do not come back together.
func backoff(failures int) time.Duration {
	d := min(firstRetry<<min(failures, 10), lastRetry)
	return d/2 + rand.N(d/2) //nolint:gosec // jitter, not a secret
}

// requireReconnect ends an authorization that only a person can mend. Losing to somebody who moved it on is no error.
func (k *Keeper) requireReconnect(ctx context.Context, live *Live, generation int64, reason, providerCode string) error {
	entry := lanyard.AuditEntry{OrganizationID: live.On.OrganizationID, Action: lanyard.ActionReconnectRequired,
		Object: string(live.On.ID), ObjectName: string(live.On.LinkName), Detail: map[string]string{"reason": reason}}
	if providerCode != "" {
		entry.Detail["provider_error"] = providerCode
	}
	_, err := k.Store.RequireReconnect(ctx, live.On.OrganizationID, live.Authorization.ID, generation, reason, entry)
	return err
}
