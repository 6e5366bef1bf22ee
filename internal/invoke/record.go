package invoke

import (
	"context"
	"iter"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/store"
)

const (
	recordBuffer = 1 << 16
	recordBatch  = 1000
	recordEvery  = 50 * time.Millisecond
	settleWithin = 2 * time.Second
	useEvery     = 30 * time.Second // how exact the "last used" of an authorization is
	maxPath      = 512              // bytes of a path in a record
	minHidden    = 6                // shorter values stand in other words by chance
)

// recorder writes invocations in batches, so that no call waits for a database. What waits in memory when the process
// is killed is lost, at most a twentieth of a second of calls; an orderly stop loses none.
type recorder struct {
	store   *store.Store
	logger  *slog.Logger
	records chan ended
	settled chan chan struct{} // each asks for what waits to be written now, and is closed afterwards
	dropped atomic.Int64
	// Of run alone: answered calls whose time is not stored yet, and which default services worked.
	used     map[store.AuthorizationRef]time.Time
	verified verified
}

// ended is a call that is over. Worked is the default service that answered it well; nil where there was none.
type ended struct {
	lanyard.Invocation
	worked *lanyard.Service
}

func newRecorder(s *store.Store, logger *slog.Logger) *recorder {
	return &recorder{store: s, logger: logger, records: make(chan ended, recordBuffer), settled: make(chan chan struct{}),
		used: map[store.AuthorizationRef]time.Time{}, verified: newVerified()}
}

// finish completes the record of a call and hands it over without waiting.
func (i *Invoker) finish(call *call, err error) {
	r := &call.record
	r.At = call.began
	r.Duration = time.Since(call.began)
	if err != nil {
		r.Code = lanyard.CodeOf(err)
	}
	e := ended{Invocation: *r}
	if err == nil && call.live != nil && r.Status >= 200 && r.Status < 300 && call.live.On.Service.Kind == lanyard.KindDefault {
		e.worked = call.live.On.Service
	}
	select {
	case i.recorder.records <- e:
	default:
		i.recorder.dropped.Add(1)
	}
}

// Dropped is how many records found no room since the start, because the database was slower than the calls.
func (i *Invoker) Dropped() int64 { return i.recorder.dropped.Load() }

func (r *recorder) run(ctx context.Context) {
	tick := time.NewTicker(recordEvery)
	defer tick.Stop()
	use := time.NewTicker(useEvery)
	defer use.Stop()
	batch := make([]lanyard.Invocation, 0, recordBatch)
	for {
		select {
		case <-ctx.Done():
			r.flush(context.WithoutCancel(ctx), batch)
			return
		case <-tick.C:
			batch = r.write(context.WithoutCancel(ctx), r.take(batch)) // a stop does not interrupt it
		case done := <-r.settled:
			batch = r.write(context.WithoutCancel(ctx), r.take(batch))
			close(done)
		case <-use.C:
			r.saveUse(context.WithoutCancel(ctx))
		}
	}
}

// settle returns when the calls that ended before it are on record, so that whoever lists them finds their own. It
// does not wait long: a database that is slow shows what it has. Calls of other replicas come within recordEvery.
func (r *recorder) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	done := make(chan struct{})
	select {
	case r.settled <- done:
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// take moves what waits into the batch, up to its capacity.
func (r *recorder) take(batch []lanyard.Invocation) []lanyard.Invocation {
	for len(batch) < cap(batch) {
		select {
		case e := <-r.records:
			batch = append(batch, e.Invocation)
			r.noteUse(&e.Invocation)
			r.verified.note(e.worked, e.At)
		default:
			return batch
		}
	}
	return batch
}

// write stores batches until nothing waits. One that cannot be stored is kept for the next tick.
func (r *recorder) write(ctx context.Context, batch []lanyard.Invocation) []lanyard.Invocation {
	defer r.saveVerified(ctx)
	for len(batch) > 0 {
		if err := r.store.InsertInvocations(ctx, batch); err != nil {
			r.logger.ErrorContext(ctx, "write invocation records", "count", len(batch), "error", err)
			return batch
		}
		full := len(batch) == cap(batch)
		batch = batch[:0]
		if !full {
			break
		}
		batch = r.take(batch)
	}
	return batch
}

func (r *recorder) flush(ctx context.Context, batch []lanyard.Invocation) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	defer r.saveUse(ctx)
	for {
		batch = r.take(batch)
		if len(batch) == 0 {
			return
		}
		if batch = r.write(ctx, batch); len(batch) > 0 {
			return // the store is gone; it was logged
		}
	}
}

// noteUse remembers the time of a call that the service answered.
func (r *recorder) noteUse(record *lanyard.Invocation) {
	if record.Authorization == "" || record.Status == 0 {
		return
	}
	ref := store.AuthorizationRef{Organization: record.OrganizationID, ID: record.Authorization}
	if record.At.After(r.used[ref]) {
		r.used[ref] = record.At
	}
}

// saveUse stores when authorizations were last used. What cannot be stored waits for the next time.
func (r *recorder) saveUse(ctx context.Context) {
	if err := r.store.TouchAuthorizations(ctx, r.used); err != nil {
		r.logger.ErrorContext(ctx, "write when authorizations were last used", "error", err)
		return
	}
	clear(r.used)
}

// recordedPath is a path as a record holds it: without the query, and not endless. What a person gave for a placeholder
// is sealed, and can be a secret (/bot{token}/send), so the placeholder stands in its place again.
func recordedPath(u *url.URL, live *credential.Live) string {
	p := u.EscapedPath()
	for key, value := range hiddenValues(live) {
		p = strings.ReplaceAll(p, url.PathEscape(value), "{"+key+"}")
	}
	if len(p) > maxPath {
		return p[:maxPath]
	}
	return p
}

// hiddenValues are the dynamic parameter values that are not shown, by key. What was chosen from a list is no secret, nor
// is what follows from such a choice.
func hiddenValues(live *credential.Live) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		if live == nil {
			return
		}
		for i := range live.On.Service.DynamicParameters {
			d := &live.On.Service.DynamicParameters[i]
			if v := live.Credential.Parameters[d.Key]; len(v) >= minHidden && len(d.Choices) == 0 && d.Follows == "" && !yield(d.Key, v) {
				return
			}
		}
	}
}
