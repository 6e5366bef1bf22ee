package scheme_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/scheme"
)

// What lanyard.Service.Placements says in words is what a placer does: each placement is found on the request where it
// says, and nothing else of the request changes.
func TestPlacementsAreWhatIsPlaced(t *testing.T) {
	token := credential()
	token.SessionToken = lanyard.NewSecret("session")
	for _, auth := range []string{
		keyInHeader, keyInQuery, keyInForm, basic, oauth2, oauth2Query, oauth1, sqs, s3,
		in(oauth1, "param_type", "query"), in(oauth1, "param_type", "form"), in(oauth1, "signature_method", "PLAINTEXT"),
		in(oauth2, "token_name", "X-Token"), in(oauth2, "token_prefix", ""), in(oauth2Query, "token_name", "tok"),
		`{"type": "api_key", "parameters": [{"name": "X-Api-Key", "param_type": "header"}, {"name": "api_key", "param_type": "query"}, {"name": "X-App", "param_type": "form", "prefix": "Token "}]}`,
	} {
		t.Run(auth, func(t *testing.T) {
			s := service(t, auth)
			p, err := scheme.Bind(s, token, clock)
			if err != nil {
				t.Fatal(err)
			}
			c := call{"POST", "https://api.acme.com/x?own=1", []string{"Content-Type: application/x-www-form-urlencoded", "X-Own: 1"}, "mine=1"}
			before, after := c.request(t, p), c.request(t, p)
			if after.GetBody == nil {
				hold(after, c.body)
			}
			hold(before, c.body)
			if err := p.Place(after); err != nil {
				t.Fatal(err)
			}
			was, is := partsOf(t, before), partsOf(t, after)
			said := s.Placements()
			for _, placed := range said {
				if placed.What == "" || !strings.HasSuffix(placed.Why, ".") {
					t.Errorf("%+v says too little", placed)
				}
				if !slices.ContainsFunc(is, func(x part) bool { return x.of(placed) && !slices.Contains(was, x) }) {
					t.Errorf("nothing is placed as %s %s", placed.In, placed.Name)
				}
			}
			for _, x := range is {
				if !slices.Contains(was, x) && !slices.ContainsFunc(said, x.of) {
					t.Errorf("%+v is placed, and nothing says so", x)
				}
			}
		})
	}
}

// part is one header, query parameter or form field.
type part struct {
	in          lanyard.ParamType
	name, value string
}

func (x part) of(p lanyard.Placement) bool {
	begin, whole := strings.CutSuffix(p.Name, "…")
	return x.in == p.In && (x.name == p.Name || whole && strings.HasPrefix(x.name, begin))
}

func partsOf(t *testing.T, req *http.Request) (all []part) {
	t.Helper()
	add := func(in lanyard.ParamType, values map[string][]string) {
		for name, list := range values {
			for _, v := range list {
				all = append(all, part{in, name, v})
			}
		}
	}
	add(lanyard.ParamHeader, req.Header)
	add(lanyard.ParamQuery, req.URL.Query())
	body, err := req.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		t.Fatal(err)
	}
	add(lanyard.ParamForm, form)
	return all
}
