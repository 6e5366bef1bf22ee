package webhook

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

// schedule is how long after each failure a delivery is tried again, as the reference of Standard Webhooks has it. After
// the last one it is not tried again by itself.
var schedule = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

const (
	// longestWait is the most that a receiver's Retry-After is respected.
	longestWait = 24 * time.Hour
	// failsFor is how long a webhook may fail, without working once, before it is switched off.
	failsFor = 5 * 24 * time.Hour

	// mostAtOnce is how many deliveries one process has under way, and mostAtOnceEach how many of them to one webhook, so
	// that a slow one holds up nobody but itself.
	mostAtOnce     = 32
	mostAtOnceEach = 4

	// stopGrace is how long deliveries under way may go on when the process stops. One that is cut off is due again when
	// its lease ends.
	stopGrace = 3 * time.Second
)

// wait is how long to wait after the failure of a step, from 1: at least as long as the receiver asked for. Ok is false
// when there is no further one.
func wait(step int, asked time.Duration) (_ time.Duration, ok bool) {
	if step > len(schedule) {
		return 0, false
	}
	d := max(schedule[step-1], asked)
	return d + rand.N(d/10), true //nolint:gosec // jitter, not a secret
}

// Run delivers what is due until ctx ends. What is due stands in the store, so a restart loses nothing, and any number of
// replicas may run it.
func (w *Webhooks) Run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	tick := time.NewTicker(w.Every)
	defer tick.Stop()
	for {
		for w.begin(ctx, &under) {
		}
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-tick.C:
		}
	}
}

// begin takes one delivery that is due and has it made. It reports whether there may be another.
func (w *Webhooks) begin(ctx context.Context, under *sync.WaitGroup) bool {
	if ctx.Err() != nil {
		return false
	}
	w.mu.Lock()
	full := w.total >= mostAtOnce
	var busy []store.WebhookRef
	for ref, n := range w.running {
		if n >= mostAtOnceEach {
			busy = append(busy, ref)
		}
	}
	w.mu.Unlock()
	if full {
		return false
	}
	d, ok, err := w.Store.DueDelivery(ctx, busy)
	if err != nil && ctx.Err() == nil {
		w.Logger.ErrorContext(ctx, "look for what is due to webhooks", "error", err)
	}
	if err != nil || !ok {
		return false
	}
	ref := store.WebhookRef{Organization: d.Organization, ID: d.Webhook}
	w.count(ref, 1)
	under.Go(func() {
		defer func() {
			w.count(ref, -1)
			w.look() // there is room for another one
		}()
		w.deliver(ctx, d)
	})
	return true
}

func (w *Webhooks) count(ref store.WebhookRef, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.total += n
	if w.running[ref] += n; w.running[ref] == 0 {
		delete(w.running, ref)
	}
}

// deliver makes one attempt and stores what came of it. Where the store fails, the lease ends by itself and the delivery
// is due again.
func (w *Webhooks) deliver(run context.Context, d store.DueDelivery) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(run))
	defer cancel()
	stop := context.AfterFunc(run, func() { time.AfterFunc(stopGrace, cancel) })
	defer stop()
	hook, err := w.Store.Webhook(ctx, d.Organization, d.Webhook)
	var a answer
	if err == nil {
		a, err = w.send(ctx, hook, &d)
	}
	if ctx.Err() != nil {
		return // cut off: nobody knows whether it arrived
	}
	if err == nil {
		err = w.finish(ctx, hook, d, a)
	}
	if err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound { // deleted meanwhile
		w.Logger.ErrorContext(ctx, "deliver to a webhook", "organization", d.Organization, "webhook", d.Webhook, "error", err)
	}
}

// finish stores an attempt, and switches a webhook off that wants no more or has failed for too long.
func (w *Webhooks) finish(ctx context.Context, hook *lanyard.Webhook, d store.DueDelivery, a answer) error {
	f := store.Finished{Attempt: a.attempt, Status: lanyard.DeliveryDelivered, Judges: true}
	if a.attempt.Error != "" {
		f.Status = lanyard.DeliveryFailed
		if after, again := wait(d.Step, a.retryAfter); again && !a.gone {
			f.Status, f.NextAt = lanyard.DeliveryPending, a.attempt.At.Add(after)
		}
	}
	since, err := w.Store.FinishDelivery(ctx, d, f)
	if err != nil || since.IsZero() {
		return err
	}
	reason := ""
	switch {
	case a.gone:
		reason = "It answered 410 (Gone), which says that it wants no more messages."
	case a.attempt.At.Sub(since) >= failsFor:
		reason = fmt.Sprintf("It has failed since %s. The last time: %s", since.UTC().Format("2 January 2006, 15:04 UTC"), a.attempt.Error)
	default:
		return nil
	}
	w.Logger.InfoContext(ctx, "a webhook was switched off", "organization", d.Organization, "webhook", d.Webhook)
	entry := lanyard.AuditEntry{OrganizationID: d.Organization, Action: lanyard.ActionWebhookSwitchOff, Object: string(d.Webhook), ObjectName: hook.Host(), Detail: map[string]string{"reason": reason}}
	return w.Store.SwitchOffWebhook(ctx, d.Organization, d.Webhook, reason, entry)
}
