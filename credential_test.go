package lanyard_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
)

func secrets(m map[string]string) map[string]lanyard.Secret {
	s := map[string]lanyard.Secret{}
	for k, v := range m {
		s[k] = lanyard.NewSecret(v)
	}
	return s
}

func TestCredentialRoundTrip(t *testing.T) {
	s := lanyard.NewSecret
	for name, c := range map[string]*lanyard.Credential{
		"empty":     {},
		"api_key":   {Values: secrets(map[string]string{"X-Api-Key": "k", "a/b~c": "é\u2603"})},
		"basic":     {Username: s("u"), Password: s("p:q")},
		"oauth2":    {AccessToken: s("a"), RefreshToken: s("r"), ClientAuthentication: lanyard.ClientSecretPost},
		"oauth1":    {Token: s("t"), TokenSecret: s("ts")},
		"aws_sigv4": {AccessKeyID: "AKID", SecretAccessKey: s("sk"), SessionToken: s("st")},
		"all": {Values: secrets(map[string]string{"k": "v"}), Username: s("u"), Password: s("p"), AccessToken: s("a"), RefreshToken: s("r"), Token: s("t"), TokenSecret: s("ts"),
			AccessKeyID: "AKID", SecretAccessKey: s("sk"), SessionToken: s("st"), Parameters: map[string]string{"domain": "zylker"}},
	} {
		t.Run(name, func(t *testing.T) {
			plaintext, err := c.Plaintext()
			if err != nil {
				t.Fatal(err)
			}
			got, err := lanyard.ParseCredential(plaintext)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, c); diff != "" {
				t.Errorf("sealed and opened (-got +want):\n%s", diff)
			}
		})
	}
	for _, bad := range []string{"", "[]", `{"password": ["` + canary + `"]}`, canary, `{"password": "` + canary} {
		c, err := lanyard.ParseCredential([]byte(bad))
		if err == nil || c != nil || shows(err.Error()) {
			t.Errorf("%q gives %v, %v", bad, c, err)
		}
	}
}

func TestCredentialSecrets(t *testing.T) {
	s := lanyard.NewSecret
	revealed := func(service *lanyard.Service, c lanyard.Credential) []string {
		var all []string
		for _, s := range service.SecretsOf(&c) {
			all = append(all, s.Reveal())
		}
		slices.Sort(all)
		return all
	}
	for _, c := range []struct {
		name string
		c    lanyard.Credential
		want []string
	}{
		{"none", lanyard.Credential{}, nil},
		{"every kind", lanyard.Credential{Values: secrets(map[string]string{"a": "1", "b": "2", "c": ""}), Password: s("3"), AccessToken: s("4"), RefreshToken: s("5"), Token: s("6"), TokenSecret: s("7"), AccessKeyID: "AKID", SecretAccessKey: s("8"), SessionToken: s("9")}, strings.Split("123456789", "")},
		{"a user name beside a password is a name", lanyard.Credential{Username: s("u"), Password: s("p")}, []string{"dTpw", "p"}},
		{"a user name alone is the secret", lanyard.Credential{Username: s("sk_live")}, []string{"c2tfbGl2ZTo=", "sk_live"}},
		{"F15 what an upstream echoes of Basic", lanyard.Credential{Username: s("Aladdin"), Password: s("open sesame")}, []string{"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "open sesame"}},
	} {
		service := &lanyard.Service{}
		if !c.c.Username.IsZero() {
			service.Auth.Type = lanyard.AuthBasic
		}
		if diff := cmp.Diff(revealed(service, c.c), c.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", c.name, diff)
		}
	}
}

// TestSecretsAsTheServiceTakesThem: what stands around a secret, and which part is one, the definition says.
func TestSecretsAsTheServiceTakesThem(t *testing.T) {
	s := lanyard.NewSecret
	basic := func(auth string) *lanyard.Service {
		return parse(t, `{"link_name":"acme","name":"Acme","hosts":["api.acme.com"],"auth":{"type":"basic"`+auth+`}}`)
	}
	withToken := parse(t, `{"link_name":"acme","name":"Acme","hosts":["api.acme.com"],"headers":{"X-Dev":"{dev}","X-Site":"{site}"},
		"dynamic_parameters":[{"key":"dev","secret":true},{"key":"site"}],"auth":{"type":"basic"}}`)
	for _, c := range []struct {
		name    string
		service *lanyard.Service
		c       lanyard.Credential
		want    []string
	}{
		{"a suffix is part of what is sent", basic(`,"username":{"suffix":"/token"}`), lanyard.Credential{Username: s("me"), Password: s("p")}, []string{"bWUvdG9rZW46cA==", "p"}},
		{"a fixed password leaves the user name to be the secret", basic(`,"username":{"secret":true},"password":{"fixed":"X"}`), lanyard.Credential{Username: s("k")}, []string{"azpY", "k"}},
		{"a user name that is a key", basic(`,"username":{"secret":true}`), lanyard.Credential{Username: s("k"), Password: s("p")}, []string{"azpw", "k", "p"}},
		{"a secret parameter", withToken, lanyard.Credential{Username: s("u"), Password: s("p"), Parameters: map[string]string{"dev": "d1", "site": "s1"}}, []string{"d1", "dTpw", "p"}},
	} {
		var got []string
		for _, secret := range c.service.SecretsOf(&c.c) {
			got = append(got, secret.Reveal())
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", c.name, diff)
		}
	}
}

func TestBasicAsksWhatTheServiceTakes(t *testing.T) {
	for auth, want := range map[string]string{
		``: "[{username User name false false} {password Password true true}]",
		`,"username":{"display_name":"API key","secret":true},"password":{"fixed":""}`:      "[{username API key true false}]",
		`,"username":{"fixed":"api"},"password":{"display_name":"API key"}`:                 "[{password API key true false}]",
		`,"username":{"display_name":"E-mail"},"password":{"display_name":"Token"}`:         "[{username E-mail false false} {password Token true false}]",
		`,"username":{"display_name":"E-mail","suffix":"/token"},"password":{"prefix":"x"}`: "[{username E-mail false false} {password Password true true}]",
	} {
		s := parse(t, `{"link_name":"acme","name":"Acme","hosts":["api.acme.com"],"auth":{"type":"basic"`+auth+`}}`)
		if got := fmt.Sprint(s.CredentialFields()); got != want {
			t.Errorf("%s asks for %s, want %s", auth, got, want)
		}
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", auth, err)
		}
	}
}

func TestCredentialFields(t *testing.T) {
	for typ, want := range map[lanyard.AuthType]string{
		lanyard.AuthAPIKey:   "[{X-Api-Key API key true false} {account Account true false}]",
		lanyard.AuthBasic:    "[{username User name false false} {password Password true true}]",
		lanyard.AuthOAuth1:   "[]",
		lanyard.AuthOAuth2:   "[]",
		lanyard.AuthAWSSigV4: "[{access_key_id Access key ID false false} {secret_access_key Secret access key true false} {session_token Session token (temporary keys only) true true}]",
	} {
		if got := fmt.Sprint(parse(t, definitions[typ]).CredentialFields()); got != want {
			t.Errorf("%s asks for %s, want %s", typ, got, want)
		}
	}
}

func TestG01_G11_CredentialFrom(t *testing.T) {
	slash := with(t, definitions[lanyard.AuthAPIKey], map[string]any{"auth/parameters": []any{map[string]any{"name": "a/b~c", "display_name": "Key", "param_type": "query"}}})
	aws := func(more map[string]string) map[string]string {
		m := map[string]string{"access_key_id": "AKID", "secret_access_key": "sk"}
		for k, v := range more {
			m[k] = v
		}
		return m
	}
	for _, c := range []struct {
		name       string
		definition string
		given      map[string]string
		want       *lanyard.Credential
		at         []string
	}{
		{"api key", definitions[lanyard.AuthAPIKey], map[string]string{"X-Api-Key": "k", "account": "é\u2603 {x} %0d"}, &lanyard.Credential{Values: secrets(map[string]string{"X-Api-Key": "k", "account": "é\u2603 {x} %0d"})}, nil},
		{"16 kB", slash, map[string]string{"a/b~c": strings.Repeat("x", 16<<10)}, &lanyard.Credential{Values: secrets(map[string]string{"a/b~c": strings.Repeat("x", 16<<10)})}, nil},
		{"missing", definitions[lanyard.AuthAPIKey], map[string]string{"account": ""}, nil, []string{"/credentials/X-Api-Key", "/credentials/account"}},
		{"other case of the name", definitions[lanyard.AuthAPIKey], map[string]string{"x-api-key": "k", "account": "a"}, nil, []string{"/credentials/X-Api-Key", "/credentials/x-api-key"}},
		{"unknown name", slash, map[string]string{"a/b~c": "k", "x~/y": "z"}, nil, []string{"/credentials/x~0~1y"}},
		{"G01 CR", slash, map[string]string{"a/b~c": "a\rb"}, nil, []string{"/credentials/a~1b~0c"}},
		{"G01 LF", slash, map[string]string{"a/b~c": "a\nb"}, nil, []string{"/credentials/a~1b~0c"}},
		{"G01 LF at the end", slash, map[string]string{"a/b~c": "a\n"}, nil, []string{"/credentials/a~1b~0c"}},
		{"G01 NUL", slash, map[string]string{"a/b~c": "a\x00"}, nil, []string{"/credentials/a~1b~0c"}},
		{"G01 tab", slash, map[string]string{"a/b~c": "a\tb"}, nil, []string{"/credentials/a~1b~0c"}},
		{"G01 DEL", slash, map[string]string{"a/b~c": "a\x7f"}, nil, []string{"/credentials/a~1b~0c"}},
		{"G01 blank in front", slash, map[string]string{"a/b~c": " a"}, nil, []string{"/credentials/a~1b~0c"}},
		{"G01 blank behind", slash, map[string]string{"a/b~c": "a "}, nil, []string{"/credentials/a~1b~0c"}},
		{"G01 no-break space behind", slash, map[string]string{"a/b~c": "a\u00a0"}, nil, []string{"/credentials/a~1b~0c"}},
		{"G01 64 kB", slash, map[string]string{"a/b~c": strings.Repeat("x", 64<<10)}, nil, []string{"/credentials/a~1b~0c"}},
		{"G01 not UTF-8", slash, map[string]string{"a/b~c": "a\xff"}, nil, []string{"/credentials/a~1b~0c"}},

		{"basic", definitions[lanyard.AuthBasic], map[string]string{"username": "u", "password": "p"}, &lanyard.Credential{Username: lanyard.NewSecret("u"), Password: lanyard.NewSecret("p")}, nil},
		{"G11 colon in the password, UTF-8", definitions[lanyard.AuthBasic], map[string]string{"username": "ü", "password": " p:q:é "}, &lanyard.Credential{Username: lanyard.NewSecret("ü"), Password: lanyard.NewSecret(" p:q:é ")}, nil},
		{"no password", definitions[lanyard.AuthBasic], map[string]string{"username": "sk_live"}, &lanyard.Credential{Username: lanyard.NewSecret("sk_live")}, nil},
		{"no user name", definitions[lanyard.AuthBasic], map[string]string{"password": "p"}, nil, []string{"/credentials/username"}},
		{"G11 colon in the user name", definitions[lanyard.AuthBasic], map[string]string{"username": "a:b", "password": "p"}, nil, []string{"/credentials/username"}},
		{"G01 line break in the password", definitions[lanyard.AuthBasic], map[string]string{"username": "a", "password": "p\r\n"}, nil, []string{"/credentials/password"}},

		{"aws", definitions[lanyard.AuthAWSSigV4], aws(nil), &lanyard.Credential{AccessKeyID: "AKID", SecretAccessKey: lanyard.NewSecret("sk")}, nil},
		{"aws session", definitions[lanyard.AuthAWSSigV4], aws(map[string]string{"session_token": "st"}), &lanyard.Credential{AccessKeyID: "AKID", SecretAccessKey: lanyard.NewSecret("sk"), SessionToken: lanyard.NewSecret("st")}, nil},
		{"aws without keys", definitions[lanyard.AuthAWSSigV4], nil, nil, []string{"/credentials/access_key_id", "/credentials/secret_access_key"}},
		{"G01 aws with a line break", definitions[lanyard.AuthAWSSigV4], aws(map[string]string{"session_token": "a\nb", "access_key_id": "A\r"}), nil, []string{"/credentials/access_key_id", "/credentials/session_token"}},

		{"nothing is typed for OAuth 2", definitions[lanyard.AuthOAuth2], nil, &lanyard.Credential{}, nil},
		{"a token is not taken for OAuth 2", definitions[lanyard.AuthOAuth2], map[string]string{"access_token": "x"}, nil, []string{"/credentials/access_token"}},
		{"nothing is typed for OAuth 1", definitions[lanyard.AuthOAuth1], map[string]string{"token": "x"}, nil, []string{"/credentials/token"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			given := secrets(c.given)
			got, err := parse(t, c.definition).CredentialFrom(given)
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("credential (-got +want):\n%s", diff)
			}
			if diff := cmp.Diff(pointers(err), c.at); diff != "" {
				t.Errorf("pointers (-got +want):\n%s%v", diff, err)
			}
			if got != nil && got.Values != nil {
				given["added later"] = lanyard.NewSecret("x")
				if len(got.Values) == len(given) {
					t.Error("the credential shares the caller's map")
				}
			}
		})
	}
	_, err := parse(t, slash).CredentialFrom(secrets(map[string]string{"a/b~c": canary + "\n", "other": canary}))
	if err == nil || shows(err.Error()) {
		t.Errorf("a refused value is repeated: %v", err)
	}
}
