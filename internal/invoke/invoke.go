package invoke

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/store"
)

// Config is what [New] needs. Zero limits take their defaults.
type Config struct {
	Keeper *credential.Keeper
	Store  *store.Store
	// Transport is the guarded one of package egress, for invokes, which have a time-out of their own; ProxyTransport
	// the same with Timeout until the answer begins, because a proxied stream may last.
	Transport, ProxyTransport http.RoundTripper
	Logger                    *slog.Logger

	Timeout     time.Duration // for an invoke, and until a proxied answer begins; 40 seconds
	MaxTimeout  time.Duration // that a request may ask for; 5 minutes
	MaxResponse int64         // bytes of an invoked answer; 15 MiB
}

// Invoker is safe for concurrent use.
type Invoker struct {
	Config
	recorder *recorder
}

// New makes an Invoker. [Invoker.Run] writes its records until its context ends.
func New(c Config) *Invoker {
	if c.Timeout == 0 {
		c.Timeout = 40 * time.Second
	}
	if c.MaxTimeout == 0 {
		c.MaxTimeout = 5 * time.Minute
	}
	if c.MaxResponse == 0 {
		c.MaxResponse = 15 << 20
	}
	return &Invoker{Config: c, recorder: newRecorder(c.Store, c.Logger)}
}

// Run writes records in batches until ctx ends, and then the ones that are left.
func (i *Invoker) Run(ctx context.Context) { i.recorder.run(ctx) }

// Invoke performs the request and gives the upstream's answer, whatever its status.
func (i *Invoker) Invoke(ctx context.Context, c *lanyard.Caller, r *Request) (*Answer, error) {
	response, _, err := i.Do(ctx, c, r)
	if err != nil {
		return nil, err
	}
	return response.answer()
}

// Do performs the request for code that goes on with the answer. What is recorded of the call is told with it, whether
// or not there is an error.
func (i *Invoker) Do(ctx context.Context, c *lanyard.Caller, r *Request) (*Response, lanyard.Invocation, error) {
	ctx, cancel := context.WithTimeout(ctx, i.timeout(r.TimeoutMS))
	defer cancel()
	call := newCall(c, i.Transport)
	call.fence = r.Fence
	got, err := i.invoke(ctx, call, r)
	var response *Response
	if err == nil {
		response, err = r.response(got, call)
	}
	i.finish(call, err)
	return response, call.record, err
}

func (i *Invoker) timeout(ms int64) time.Duration {
	if ms <= 0 {
		return i.Timeout
	}
	return min(time.Duration(min(ms, int64(24*time.Hour/time.Millisecond)))*time.Millisecond, i.MaxTimeout)
}

// received is an upstream's answer, read whole.
type received struct {
	status int
	header http.Header
	body   []byte
}

func (i *Invoker) invoke(ctx context.Context, call *call, r *Request) (*received, error) {
	if err := i.open(ctx, call, r.Connection); err != nil {
		return nil, err
	}
	req, err := r.build(ctx, call.live)
	if err != nil {
		return nil, err
	}
	resp, err := i.send(call, req)
	if err == nil && r.FollowRedirects {
		resp, err = i.follow(call, req, resp)
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, i.MaxResponse+1))
	call.record.BytesReceived = int64(len(body))
	if err != nil {
		return nil, upstreamError(ctx, err)
	}
	if int64(len(body)) > i.MaxResponse {
		return nil, lanyard.Errorf(lanyard.CodeResponseTooLarge, "The answer of %s is larger than %d MiB: use the proxy, which streams it.", req.URL.Host, i.MaxResponse>>20)
	}
	return &received{resp.StatusCode, resp.Header, body}, nil
}

// Invocations lists what was called, newest first: everything for owners and admins, their own calls for others.
func (i *Invoker) Invocations(ctx context.Context, c *lanyard.Caller, f store.InvocationFilter, p store.Page) ([]lanyard.Invocation, string, error) {
	if err := ownOnly(c, &f.User); err != nil {
		return nil, "", err
	}
	i.recorder.settle(ctx)
	return i.Store.Invocations(ctx, c.Organization, f, p)
}

// upstreamError gives the error for a failure of the upstream. The guarded transport explains its own.
func upstreamError(ctx context.Context, err error) error {
	var known *lanyard.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded):
		return lanyard.Errorf(lanyard.CodeUpstreamTimeout, "The service did not answer in time.").With(err)
	}
	return lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "The service could not be reached, or its answer broke off.").With(err)
}
