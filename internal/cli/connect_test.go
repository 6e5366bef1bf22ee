package cli

import (
	"encoding/json"
	"testing"

	"lanyard/client"
)

// At the terminal a person is asked for what nobody else says.
func TestAskedParameters(t *testing.T) {
	var s client.Service
	if err := json.Unmarshal([]byte(`{"link_name": "acme", "dynamic_parameters": [
			{"key": "dc", "name": "Data centre", "choices": ["eu", "com"], "learn": {"from": "callback", "at": "location"}},
			{"key": "host", "name": "Host", "follows": "dc", "values": {"eu": "acme.eu", "com": "acme.com"}},
			{"key": "company", "name": "Company", "learn": {"from": "callback", "at": "realmId"}}],
		"auth": {"type": "oauth2", "grant_type": "authorization_code", "authorize_url": "https://{host}/", "access_token_url": "https://{host}/", "client_secret_set": true}}`), &s); err != nil {
		t.Fatal(err)
	}
	asked, err := askedParameters(&s)
	if err != nil || len(asked) != 1 || asked[0].Key != "dc" {
		t.Errorf("asked for %+v, %v", asked, err)
	}
}
