package web

import (
	"encoding/json"
	"maps"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
)

var bySecret = cmp.Comparer(func(a, b lanyard.Secret) bool { return a.Equal(b) })

// oneOfEachType is a service of each authentication type, with every field that the form has.
func oneOfEachType() map[string]*lanyard.Service {
	oauth1, oauth2 := inventedOAuth1(), inventedAcme()
	oauth1.Auth.SetSecret(lanyard.NewSecret("consumer secret"))
	oauth2.Auth.SetSecret(lanyard.NewSecret("client secret"))
	return map[string]*lanyard.Service{
		"api_key": inventedAPIKey(), "basic": inventedAuth(lanyard.Auth{Type: lanyard.AuthBasic, Basic: &lanyard.BasicAuth{}}), "oauth1": oauth1, "oauth2": oauth2, "aws_sigv4": inventedAWS(),
	}
}

// posted is what a browser sends of a form: everything goes over the wire once, with CR LF in what has several lines.
func posted(t *testing.T, v serviceValues) serviceValues {
	t.Helper()
	sent := url.Values{}
	for name, values := range v {
		for _, value := range values {
			sent.Add(name, crlf(value))
		}
	}
	got, err := url.ParseQuery(sent.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return serviceValues(got)
}

func crlf(text string) string {
	out := ""
	for _, r := range text {
		if r == '\n' {
			out += "\r"
		}
		out += string(r)
	}
	return out
}

// A definition goes into the form, over the wire, and comes out as it was: through the JSON of the API.
func TestServiceFormRoundTrip(t *testing.T) {
	for name, want := range oneOfEachType() {
		t.Run(name, func(t *testing.T) {
			v := valuesOf(want)
			if field := want.Auth.SecretPointer(); field != "" {
				v.set(name+"."+field[len("/auth/"):], want.Auth.Secret().Reveal())
			}
			data, err := posted(t, v).newDefinition()
			if err != nil {
				t.Fatal(err)
			}
			got, err := lanyard.ParseService(data)
			if err != nil {
				t.Fatal(err)
			}
			got.ID, got.OrganizationID, got.Author, got.Version, got.Kind, got.SecretSet = want.ID, want.OrganizationID, want.Author, want.Version, want.Kind, want.SecretSet
			if diff := cmp.Diff(want, got, bySecret); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// withRareFields are services with everything that the form does not show, which a file or the API said.
func withRareFields(t *testing.T) map[string]*lanyard.Service {
	t.Helper()
	all := map[string]*lanyard.Service{}
	for name, auth := range map[string]string{
		"basic with parts":   `{"type": "basic", "username": {"display_name": "E-mail", "suffix": "/token"}, "password": {"display_name": "API token"}}`,
		"oauth1 with realm":  `{"type": "oauth1", "consumer_key": "k", "request_token_url": "https://a.example/r", "authorize_url": "https://a.example/a", "access_token_url": "https://a.example/t", "realm": "{site}"}`,
		"oauth2 with quirks": `{"type": "oauth2", "grant_type": "authorization_code", "client_id": "id", "authorize_url": "https://a.example/a", "access_token_url": "https://a.example/t", "grant_type_name": "other", "code_name": "auth_code", "token_code_name": "auth_code", "redirect_uri": "a-name", "client_id_name": "client_key", "client_secret_name": "secret", "token_body": "json", "token_answer": {"access_token": "data.access_token", "expires_unit": "milliseconds"}, "scopes": [{"value": "s", "name": "S", "always": true, "param": "user_scope"}]}`,
	} {
		s, err := lanyard.ParseService([]byte(`{"kind": "custom", "link_name": "acme", "name": "Acme", "hosts": ["a.example"], "base_url": "https://a.example", "headers": {"X-Version": "1", "X-Dev": "{dev}"},
			"verify_url": "https://a.example/me", "verify_method": "POST", "verify_body": "{}", "verify_member": "ok",
			"dynamic_parameters": [{"key": "dc", "choices": ["com", "eu"], "example": "eu", "learn": {"from": "lookup", "at": "0.dc", "url": "https://a.example/sites"}}, {"key": "site", "follows": "dc", "values": {"com": "a", "eu": "b"}}, {"key": "dev", "secret": true, "optional": true}],
			"auth": ` + auth + `}`))
		if err == nil {
			err = s.Validate()
		}
		if err != nil {
			t.Fatal(name, err)
		}
		all[name] = s
	}
	return all
}

// The form of a stored service that nobody changed is a patch that changes nothing.
func TestServiceFormUntouchedChangesNothing(t *testing.T) {
	all := oneOfEachType()
	maps.Copy(all, withRareFields(t))
	for name, stored := range all {
		t.Run(name, func(t *testing.T) {
			v := storedValues(stored)
			v.set("version", "7")
			in, err := posted(t, v).edit(stored)
			if err != nil || in.Version != 7 {
				t.Fatalf("got %+v, %v", in, err)
			}
			edited, _ := posted(t, v).service(stored)
			edited.Auth.SetSecret(stored.Auth.Secret()) // what is left empty stays
			edit, err := lanyard.CheckEdit(stored, edited)
			if err != nil || edit.Changed {
				t.Errorf("got %+v, %v", edit, err)
			}
		})
	}
}

func TestServiceFormPatch(t *testing.T) {
	for name, c := range map[string]struct {
		stored *lanyard.Service
		typed  map[string]string
		want   string // members of the patch that differ from the stored definition
	}{
		"a name":                      {inventedAPIKey(), map[string]string{"name": " Helpline EU "}, `{"name": "Helpline EU"}`},
		"an emptied field is removed": {inventedAPIKey(), map[string]string{"base_url": ""}, `{"base_url": null}`},
		"a further parameter is removed": {inventedAcme(), map[string]string{"extra.0.name": "", "extra.0.value": ""},
			`{"auth": {"authorize_params": null}}`},
		"a secret that is typed": {inventedAcme(), map[string]string{"oauth2.client_secret": "new"}, `{"auth": {"client_secret": "new"}}`},
		"a scope is added": {inventedAcme(), map[string]string{"scope.9.value": "all"},
			`{"auth": {"scopes": [{"name": "Read contacts", "value": "contacts.read"}, {"name": "Write deals", "value": "deals.write"}, {"name": "all", "value": "all"}]}}`},
		"the usual prefix":           {inventedAcme(), map[string]string{"oauth2.token_prefix": "Bearer "}, `{"auth": {"token_prefix": "Bearer "}}`},
		"no prefix":                  {inventedAcme(), map[string]string{"oauth2.token_prefix": ""}, `{"auth": {"token_prefix": ""}}`},
		"frozen fields are not read": {inventedAcme(), map[string]string{"link_name": "evil", "type": "basic", "oauth2.grant_type": "client_credentials"}, `{}`},
		"PKCE off":                   {inventedAcme(), map[string]string{"oauth2.pkce": ""}, `{"auth": {"pkce": false}}`},
	} {
		t.Run(name, func(t *testing.T) {
			v := storedValues(c.stored)
			v.set("version", "1")
			for field, value := range c.typed {
				v.set(field, value)
			}
			in, err := posted(t, v).edit(c.stored)
			if err != nil {
				t.Fatal(err)
			}
			var patch, stored, want map[string]any
			decode(t, in.Patch, &patch)
			before, err := json.Marshal(c.stored)
			if err != nil {
				t.Fatal(err)
			}
			decode(t, before, &stored)
			decode(t, []byte(c.want), &want)
			if diff := cmp.Diff(want, differing(stored, patch)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func decode(t *testing.T, data []byte, into *map[string]any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// differing is what of a patch is not in the document already.
func differing(document, patch map[string]any) map[string]any {
	d := map[string]any{}
	for name, value := range patch {
		if inner, ok := value.(map[string]any); ok {
			was, _ := document[name].(map[string]any)
			if rest := differing(was, inner); len(rest) > 0 {
				d[name] = rest
			}
		} else if !cmp.Equal(document[name], value) {
			d[name] = value
		}
	}
	return d
}

// What only the form can get wrong is said at the input.
func TestServiceFormFaults(t *testing.T) {
	for name, c := range map[string]struct {
		typed map[string]string
		at    string
	}{
		"a life that is no number":      {map[string]string{"oauth2.default_expires_in": "an hour"}, "/auth/default_expires_in"},
		"a status that is no number":    {map[string]string{"oauth2.refresh_statuses": "401, x"}, "/auth/refresh_statuses"},
		"a parameter without a name":    {map[string]string{"extra.0.leg": "token", "extra.0.value": "v"}, "/extra/0/name"},
		"a parameter of no request":     {map[string]string{"extra.0.leg": "", "extra.0.name": "n"}, "/extra/0/leg"},
		"a parameter that stands twice": {map[string]string{"extra.0.leg": "token", "extra.0.name": "n", "extra.4.leg": "token", "extra.4.name": "n"}, "/extra/1/name"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newServiceValues()
			v.set("type", "oauth2")
			for field, value := range c.typed {
				v.set(field, value)
			}
			v.compact(nil)
			_, faults := v.service(&lanyard.Service{})
			if len(faults) != 1 || faults[0].Pointer != c.at {
				t.Errorf("got %+v, want one at %s", faults, c.at)
			}
		})
	}
}

// Rows that nobody filled in are left out, and the others move up, so that a fault of the definition leads to its row.
func TestServiceFormRows(t *testing.T) {
	v := serviceValues{}
	for name, value := range map[string]string{
		"scope.0.name": "", "scope.0.value": " ", "scope.10.value": "ten", "scope.2.name": "Two", "scope.2.value": "two",
		"scope.x.value": "not a row", "scope.-1.value": "nor this", "parameter.0.format": "host", "api_key.0.param_type": "header",
	} {
		v.set(name, value)
	}
	v.compact(nil)
	want := []row{{"name": "Two", "value": "two"}, {"name": "ten", "value": "ten"}}
	if diff := cmp.Diff(want, v.rows("scope", 0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := v.get("scope.1.value"); got != "ten" {
		t.Errorf("the second row is %q", got)
	}
	if rows := append(v.rows("parameter", 0), v.rows("api_key", 0)...); len(rows) != 0 {
		t.Errorf("a row in which only a list was chosen is one: %+v", rows)
	}
}

func TestServiceFormRearranged(t *testing.T) {
	v := serviceValues{}
	for _, do := range []string{"add scope", "add scope", "add parameter", "continue", "remove scope 0"} {
		if !v.rearranged(do) {
			t.Errorf("%q is a button", do)
		}
	}
	if diff := cmp.Diff([]int{1}, v.indexes("scope")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, do := range []string{"", "save", "keep", "revoke", "add", "add oauth2", "remove scope", "remove scope x y", "remove oauth2 1"} {
		if v.rearranged(do) {
			t.Errorf("%q was taken for a button that only rearranges", do)
		}
	}
}

func TestCounted(t *testing.T) {
	for want, got := range map[string]string{
		"1 person": counted(1, "person"), "2 people": counted(2, "person"), "1 connection": counted(1, "connection"), "0 connections": counted(0, "connection"),
		"9,567 authorizations": counted(9567, "authorization"), "more than 10,000 people": counted(10001, "person"), "No connections": connectionCount(0), "1,000 connections": connectionCount(1000),
		"More than 1,000 connections": connectionCount(1001),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
