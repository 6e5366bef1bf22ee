package lanyard_test

import (
	"strings"
	"testing"

	"lanyard"
)

func defaultService(t *testing.T, definition string) *lanyard.Service {
	t.Helper()
	s, err := lanyard.ParseService([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	s.ID, s.Kind, s.Version = lanyard.ServiceID(s.LinkName), lanyard.KindDefault, 7<<32
	return s
}

const (
	sampleOAuth2 = `{"link_name": "acme", "name": "Acme", "hosts": ["api.acme.example"], "auth": {"type": "oauth2", "grant_type": "authorization_code",
		"authorize_url": "https://acme.example/authorize", "access_token_url": "https://acme.example/token"}}`
	sampleOAuth1 = `{"link_name": "acme", "name": "Acme", "hosts": ["api.acme.example"], "auth": {"type": "oauth1", "request_token_url": "https://acme.example/request",
		"authorize_url": "https://acme.example/authorize", "access_token_url": "https://acme.example/token"}}`
	sampleBasic = `{"link_name": "acme", "name": "Acme", "hosts": ["api.acme.example"], "auth": {"type": "basic"}}`
)

func TestServiceForAnOrganization(t *testing.T) {
	client := &lanyard.OAuthClient{ClientID: "id", ClientSecret: lanyard.NewSecret("secret"), Version: 3}
	for name, definition := range map[string]string{"oauth2": sampleOAuth2, "oauth1": sampleOAuth1} {
		t.Run(name, func(t *testing.T) {
			shared := defaultService(t, definition)
			if err := shared.Validate(); err != nil {
				t.Errorf("without a client it is not valid: %v", err)
			}
			without := shared.For("org_a", nil)
			if err := without.CheckClient(); lanyard.CodeOf(err) != lanyard.CodeConflict || !strings.Contains(err.Error(), "an owner or admin") {
				t.Errorf("without a client: %v", err)
			}
			with := shared.For("org_b", client)
			if err := with.CheckClient(); err != nil {
				t.Errorf("with a client: %v", err)
			}
			if with.Auth.ClientID() != "id" || with.Auth.Secret().Reveal() != "secret" || with.OrganizationID != "org_b" {
				t.Errorf("got %q, %q of %q", with.Auth.ClientID(), with.Auth.Secret().Reveal(), with.OrganizationID)
			}
			if without.Version != 7<<32 || with.Version != 7<<32+3 || lanyard.ClientVersion(with.Version) != 3 || lanyard.ClientVersion(without.Version) != 0 {
				t.Errorf("versions %d and %d", without.Version, with.Version)
			}
			if shared.Auth.ClientID() != "" || !shared.Auth.Secret().IsZero() || shared.OrganizationID != "" {
				t.Error("one organization's client is in the service that all share")
			}
		})
	}
	if err := defaultService(t, sampleBasic).For("org_a", nil).CheckClient(); err != nil {
		t.Errorf("a service without a client: %v", err)
	}
	custom := defaultService(t, sampleOAuth2)
	custom.Kind = lanyard.KindCustom
	if custom.NeedsClient() {
		t.Error("a custom service carries its own client")
	}
}

// An organization's client secret goes where the catalogue says, never where whoever connects says.
func TestDefaultServiceKeepsItsTokenHost(t *testing.T) {
	for _, c := range []struct{ name, parameter, host, want string }{
		{"a free host", `{"key": "p", "format": "host"}`, "{p}", "/auth/access_token_url"},
		{"a free domain", `{"key": "p"}`, "{p}.com", "/auth/access_token_url"},
		{"choices", `{"key": "p", "format": "host", "choices": ["com", "co.uk"]}`, "acme.{p}", ""},
		{"below the provider's domain", `{"key": "p"}`, "{p}.acme.com", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := defaultService(t, `{"link_name": "acme", "name": "Acme", "hosts": ["api.acme.com"], "dynamic_parameters": [`+c.parameter+`],
				"auth": {"type": "oauth2", "grant_type": "client_credentials", "access_token_url": "https://`+c.host+`/token"}}`)
			got := pointers(s.Validate())
			if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || got[0] != c.want) {
				t.Errorf("got %v, want %q", s.Validate(), c.want)
			}
		})
	}
}

func TestAWSRegionOfAConnection(t *testing.T) {
	s := defaultService(t, `{"link_name": "s3", "name": "S3", "hosts": ["s3.{region}.amazonaws.com"], "dynamic_parameters": [{"key": "region", "default": "us-east-1"}],
		"auth": {"type": "aws_sigv4", "aws_service": "s3", "aws_region": "{region}"}}`)
	for value, want := range map[string]string{"": "us-east-1", "eu-west-1": "eu-west-1"} {
		given := map[string]string{}
		if value != "" {
			given["region"] = value
		}
		values, err := s.ValueOf(given)
		if err != nil || s.Auth.AWSSigV4.Region(values) != want {
			t.Errorf("%q: got %q, %v", value, s.Auth.AWSSigV4.Region(values), err)
		}
	}
	for _, value := range []string{"eu/west", "EU-WEST-1", "eu west"} { // D08
		if _, err := s.ValueOf(map[string]string{"region": value}); lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
			t.Errorf("%q: %v", value, err)
		}
	}
}
