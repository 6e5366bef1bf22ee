package function

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"lanyard"
)

const (
	// HookPath is where the addresses of functions begin; the token follows.
	HookPath = "/hooks/"
	// MaxHookBody is how many bytes a message to such an address may have.
	MaxHookBody = 1 << 20

	// How often one address may be called, in each process.
	hookPerSecond = 2
	hookBurst     = 60
	// maxHookLimits is how many addresses are counted at once; those called longest ago are forgotten.
	maxHookLimits = 10_000
)

// NewHook gives a function an address of its own, in place of the one it had, which ends. The address is the only way in,
// so it is a secret; it is returned this once. Who makes it answers for what then runs: where somebody else saved the
// script, it is saved anew in the caller's name.
func (f *Functions) NewHook(ctx context.Context, c *lanyard.Caller, name string) (lanyard.Secret, error) {
	fn, err := f.schedulable(ctx, c, name)
	if err != nil {
		return lanyard.Secret{}, err
	}
	before, saved := fn.Version, fn.SavedBy
	if answerFor(c, fn, before); fn.SavedBy != saved {
		if err := f.Store.UpdateFunction(ctx, before, fn, edited(c, fn, "script")); err != nil {
			return lanyard.Secret{}, err
		}
	}
	token := rand.Text() + rand.Text()
	err = f.Store.SetHook(ctx, fn, hookHash(token), c.Audit(lanyard.ActionFunctionHook, string(fn.ID), string(fn.LinkName)))
	if err != nil {
		return lanyard.Secret{}, err
	}
	return lanyard.NewSecret(f.PublicURL + HookPath + token), nil
}

// RemoveHook ends a function's address. One that has none stays so.
func (f *Functions) RemoveHook(ctx context.Context, c *lanyard.Caller, name string) error {
	fn, err := f.schedulable(ctx, c, name)
	if err != nil || !fn.HookSet {
		return err
	}
	return f.Store.SetHook(ctx, fn, nil, c.Audit(lanyard.ActionFunctionHookEnd, string(fn.ID), string(fn.LinkName)))
}

// hookHash is what is stored of a token, which is never a hash of another kind of token.
func hookHash(token string) []byte {
	sum := sha256.Sum256([]byte("function hook\x00" + token))
	return sum[:]
}

// Message is a request to the address of a function.
type Message struct {
	Method string
	Header http.Header
	Query  url.Values
	Body   []byte
	Depth  int // as in [RunInput]
}

// RunHook runs the function whose address holds the token, with nobody there, and gives the record of it. Not_found for
// a token that is none, rate_limited when it is called too often, function_failed when it ended with an error: the record
// says more, to those who may read it.
func (f *Functions) RunHook(ctx context.Context, token string, m Message) (*lanyard.FunctionRun, error) {
	if err := checkDepth(m.Depth); err != nil {
		return nil, err
	}
	fn, err := f.Store.FunctionByHook(ctx, hookHash(token))
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is nothing at this address.")
	}
	if err != nil {
		return nil, err
	}
	limit, _ := f.hooks.SetIfAbsent(fn.ID, rate.NewLimiter(hookPerSecond, hookBurst))
	if !limit.AllowN(f.Store.Now(), 1) {
		return nil, &lanyard.Error{Code: lanyard.CodeRateLimited, Message: "This address is called too often.", RetryAfter: time.Second}
	}
	release, err := f.admit(fn.OrganizationID)
	if err != nil {
		return nil, err
	}
	defer release()
	c, refused, err := f.unattended(ctx, fn)
	if err != nil {
		return nil, err
	}
	run := f.newRun(c, fn, lanyard.CauseHook)
	if err := f.Store.BeginRun(ctx, run); err != nil {
		return nil, err
	}
	if refused != "" {
		err = f.record(ctx, run, failed(refused))
	} else {
		err = f.perform(ctx, c, fn, run, RunRequest{Arguments: m.arguments(fn.Signature.Parameters), Depth: m.Depth})
	}
	if err == nil && run.Status != lanyard.RunOK {
		err = lanyard.Errorf(lanyard.CodeFunctionFailed, "The function failed. Its record is %s.", run.ID)
	}
	return run, err
}

// unattended is whom a function acts for where nobody asks: whoever saved its current version, with no login user. Who
// is gone or deactivated runs nothing, and refused says so.
func (f *Functions) unattended(ctx context.Context, fn *lanyard.Function) (c *lanyard.Caller, refused string, err error) {
	c = &lanyard.Caller{Organization: fn.OrganizationID, User: fn.SavedBy, KeyOwner: fn.SavedBy, Unattended: true}
	user, err := f.Store.User(ctx, fn.OrganizationID, fn.SavedBy)
	switch {
	case lanyard.CodeOf(err) == lanyard.CodeNotFound:
		return c, "The function did not run: it acts for whoever saved it last, who is not in the organization any more. Somebody else has to save it.", nil
	case err != nil:
		return nil, "", err
	case user.Disabled:
		return c, "The function did not run: it acts for whoever saved it last, who is deactivated. Somebody else has to save it.", nil
	}
	c.Role = user.Role
	return c, "", nil
}

// request is what a parameter called request gets of a message.
type request struct {
	Method  string            `json:"method"`
	Headers map[string]string `json:"headers"` // by their names in lower case, without cookies
	Params  map[string]string `json:"params"`  // the query
	Body    string            `json:"body"`
	JSON    json.RawMessage   `json:"json"` // the body, where it is JSON; else null
}

// arguments fills the parameters of a function from a message: one called request, a map, with the whole of it, the
// others by name from the fields of the body, JSON or a form, and then from the query. What is not there is null, and
// what nothing asks for is left out.
func (m *Message) arguments(parameters []lanyard.ScriptParameter) map[string]json.RawMessage {
	fields := m.fields()
	args := map[string]json.RawMessage{}
	for _, p := range parameters {
		switch value, ok := fields[p.Name]; {
		case p.Name == "request" && p.Type == "map":
			args[p.Name] = m.request()
		case ok:
			args[p.Name] = value
		case m.Query.Has(p.Name):
			args[p.Name] = quoted(m.Query.Get(p.Name))
		default:
			args[p.Name] = json.RawMessage("null")
		}
	}
	return args
}

// fields are those of the body.
func (m *Message) fields() map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if m.mediaType() == "application/x-www-form-urlencoded" {
		form, _ := url.ParseQuery(string(m.Body)) // what can be read of it
		fields = map[string]json.RawMessage{}
		for name, values := range form {
			fields[name] = quoted(values[0])
		}
	} else if err := json.Unmarshal(m.Body, &fields); err != nil {
		return nil // it has none
	}
	return fields
}

func (m *Message) mediaType() string {
	mediaType, _, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return mediaType
}

func (m *Message) request() json.RawMessage {
	r := request{Method: m.Method, Headers: map[string]string{}, Params: map[string]string{}, Body: strings.ToValidUTF8(string(m.Body), "\uFFFD"), JSON: json.RawMessage("null")}
	for name, values := range m.Header {
		if name = strings.ToLower(name); name != "cookie" {
			r.Headers[name] = strings.Join(values, ", ")
		}
	}
	for name, values := range m.Query {
		r.Params[name] = values[0]
	}
	if json.Valid(m.Body) {
		r.JSON = m.Body
	}
	text, err := json.Marshal(r)
	if err != nil {
		return json.RawMessage("null") // never: texts, and JSON that is valid
	}
	return text
}

// quoted is a text as JSON. Where the parameter has another type, a text that reads as one is taken for it.
func quoted(text string) json.RawMessage {
	data, err := json.Marshal(text)
	if err != nil {
		return json.RawMessage("null") // never: a text
	}
	return data
}
