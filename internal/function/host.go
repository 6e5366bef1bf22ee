package function

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/invoke"
	"lanyard/internal/registry"
	"lanyard/internal/script"
)

// host is what one run of a script reaches of the world: the services that its caller may call, and who is asking.
type host struct {
	*Functions
	caller *lanyard.Caller
	script *script.Script
	// extension is the one that the script came with; empty: none.
	extension lanyard.ExtensionID
	functions map[string]*found // saved ones that it has called, by their names in lower case
	turn      *turn
	depth     int
	began     time.Time
	calls     []lanyard.RunCall
	user      *lanyard.User // who is asking; nil: not looked up yet
}

// waiting does something that waits for others. Other scripts have their turn meanwhile; what is reckoned before and
// behind it, such as a large answer, has its own.
func (h *host) waiting(ctx context.Context, do func()) {
	h.turn.end()
	do()
	h.turn.begin(ctx)
}

// Call implements [script.Host].
func (h *host) Call(ctx context.Context, c *script.HostCall) (script.Value, error) {
	name := strings.ToLower(c.Name)
	switch {
	case name == "invokeurl":
		return h.invokeURL(ctx, c)
	case name == "sendmail":
		return script.Value{}, errors.New("sendmail is not available: send mail through a connection to a mail service, by its task or with invokeurl")
	case len(c.Args) == 0 && strings.HasPrefix(name, "zoho."):
		if v, ok, err := h.system(ctx, name); ok || err != nil {
			return v, err
		}
	}
	var tasks *registry.Tasks
	var err error
	h.waiting(ctx, func() { tasks, err = h.Services.Tasks(ctx, h.caller.Organization) })
	if err != nil {
		return script.Value{}, h.explained(ctx, err)
	}
	t, ok := tasks.Task(name)
	if !ok {
		return script.Value{}, fmt.Errorf("Not able to find '%s' function", c.Name) //nolint:staticcheck // as the language says it
	}
	return h.task(ctx, tasks, t, c)
}

func (h *host) invokeURL(ctx context.Context, c *script.HostCall) (script.Value, error) {
	r, form, err := invokeURL(c.Attributes)
	if err != nil {
		return script.Value{}, err
	}
	if r.Fence, err = h.fence(ctx, c.Function); err != nil {
		return script.Value{}, h.explained(ctx, err)
	}
	answer, err := h.do(ctx, c, r)
	if err != nil {
		return script.Value{}, err
	}
	return answerValue(answer, r.URL, form)
}

// task runs an integration task through the connection that its last argument names, or through an internal one.
func (h *host) task(ctx context.Context, tasks *registry.Tasks, t registry.Task, c *script.HostCall) (script.Value, error) {
	args, err := bind(t.Task.Task, c.Args)
	if err != nil {
		return script.Value{}, err
	}
	r, err := args.request()
	if err != nil {
		return script.Value{}, err
	}
	if r.Fence, err = h.fence(ctx, c.Function); err != nil {
		return script.Value{}, h.explained(ctx, err)
	}
	h.waiting(ctx, func() {
		switch r.Connection = args.connection; {
		case r.Connection != "":
			err = h.fits(ctx, t, r)
		case r.Fence != nil:
			err = r.Fence.NeedsConnection(t.Name)
		default:
			r.Connection, err = h.internal(ctx, tasks, t)
		}
	})
	if err != nil {
		h.note(c, lanyard.Invocation{}, err)
		return script.Value{}, h.explained(ctx, err)
	}
	answer, err := h.do(ctx, c, r)
	if err != nil {
		return script.Value{}, err
	}
	return taskAnswer(t.Task.Task, answer, r.URL)
}

// fits refuses a connection with another service than the task's. Of a task that comes with Lanyard one with a custom
// service is its owner's to judge. What the caller may not know of is refused as the call itself would be.
func (h *host) fits(ctx context.Context, t registry.Task, r *invoke.Request) error {
	link, err := lanyard.ParseLinkName(r.Connection)
	if err != nil {
		return access.NoConnection(r.Connection)
	}
	con, err := h.Invoker.Find(ctx, h.caller, link, r.Fence)
	if err != nil {
		return err
	}
	if err := access.Invoke(h.caller, &con.Connection); err != nil {
		return err
	}
	if t.Extension == "" && !con.Connection.WithDefault() {
		return nil
	}
	for i := range t.Entry.Ways {
		if t.Entry.Ways[i].LinkName == con.Connection.Service && con.Service.Extension == t.Extension {
			return nil
		}
	}
	return lanyard.Errorf(lanyard.CodeInvalidRequest, "%s needs a connection of %s, and %s is one of %s.", t.Name, t.Entry.Name, link, con.Service.Name)
}

// internal is the link name of the internal connection that the task runs through. It is made with all scopes that the
// script's tasks of that service need, so that its user consents once. Services of extensions have none.
func (h *host) internal(ctx context.Context, tasks *registry.Tasks, t registry.Task) (string, error) {
	if t.Extension != "" {
		return "", lanyard.Errorf(lanyard.CodeInvalidRequest, "%s comes with an extension: name a connection of %s as its last argument.", t.Name, t.Entry.Name)
	}
	con, err := h.Registry.InternalConnection(ctx, h.caller, t.Entry.LinkName(), scopes(h.script, tasks, t))
	if err != nil {
		return "", err
	}
	return string(con.LinkName), nil
}

// do sends a request of the script, and notes how that went.
func (h *host) do(ctx context.Context, c *script.HostCall, r *invoke.Request) (*invoke.Response, error) {
	r.Depth = h.depth + 1
	var answer *invoke.Response
	var called lanyard.Invocation
	var err error
	h.waiting(ctx, func() { answer, called, err = h.Invoker.Do(ctx, h.caller, r) })
	if link, wrong := lanyard.ParseLinkName(r.Connection); called.Connection == "" && wrong == nil { // a script can name what is none, as long as it likes
		called.Connection = link
	}
	h.note(c, called, err)
	if err != nil {
		return nil, h.explained(ctx, err)
	}
	return answer, nil
}

func (h *host) note(c *script.HostCall, called lanyard.Invocation, err error) {
	n := lanyard.RunCall{
		Line: c.Pos.Line, Name: c.Name, Connection: called.Connection, Method: called.Method, Host: called.Host, Path: called.Path, Status: called.Status,
		StartedMS: time.Since(h.began).Milliseconds(),
	}
	if !called.At.IsZero() {
		n.StartedMS, n.DurationMS = called.At.Sub(h.began).Milliseconds(), called.Duration.Milliseconds()
	}
	if err != nil {
		n.Code = lanyard.CodeOf(err)
	}
	h.calls = append(h.calls, n)
}

// explained is an error of a call as a script's author reads it. What is behind it stays there, so that whoever runs
// the script learns where to connect. Of an error that was not written for strangers only the log learns.
func (f *Functions) explained(ctx context.Context, err error) error {
	var e *lanyard.Error
	if !errors.As(err, &e) {
		if ctx.Err() == nil {
			f.Logger.ErrorContext(ctx, "a call of a script", "error", err)
		}
		e = lanyard.Errorf(lanyard.CodeInternal, "Something went wrong inside Lanyard.")
	}
	told := message{e.Message, e}
	for i, f := range e.Fields {
		said := f.Detail
		if at := strings.ReplaceAll(strings.TrimPrefix(f.Pointer, "/"), "/", " "); at != "" {
			said = strings.ReplaceAll(at, "_", "-") + ": " + said
		}
		if i == 0 {
			told.text = said
		} else {
			told.text += "; " + said
		}
	}
	return told
}

// message is an error in other words.
type message struct {
	text  string
	cause error
}

func (m message) Error() string { return m.text }
func (m message) Unwrap() error { return m.cause }

// systemValues are what system gives.
var systemValues = map[string]bool{"zoho.loginuser": true, "zoho.loginuserid": true}

// system gives the read-only values about who is asking; false for any other name.
func (h *host) system(ctx context.Context, name string) (script.Value, bool, error) {
	if !systemValues[name] {
		return script.Value{}, false, nil
	}
	if h.caller.LoginUser() == "" {
		if name == "zoho.loginuser" {
			return script.Text("Public"), true, nil
		}
		return script.Value{}, true, nil
	}
	if h.user == nil {
		var u *lanyard.User
		var err error
		h.waiting(ctx, func() { u, err = h.Store.User(ctx, h.caller.Organization, h.caller.LoginUser()) })
		if err != nil {
			return script.Value{}, true, h.explained(ctx, err)
		}
		h.user = u
	}
	if name == "zoho.loginuser" {
		return script.Text(h.user.Name), true, nil
	}
	return script.Text(h.user.Email), true, nil
}
