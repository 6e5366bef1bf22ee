package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/definitions"
)

// credential is one of n8n's. Its data is a text when it is encrypted, and an object when it was exported decrypted. Ids,
// times and whom it is shared with are of n8n alone.
type credential struct {
	Name string          `json:"name"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// credentialData is what is of interest in decrypted data. What belongs to a person, tokens and passwords, is not read.
type credentialData struct {
	ClientID       string         `json:"clientId"`
	ClientSecret   lanyard.Secret `json:"clientSecret"`
	ConsumerKey    string         `json:"consumerKey"`
	ConsumerSecret lanyard.Secret `json:"consumerSecret"`
	Scope          scopeList      `json:"scope"`
	Scopes         scopeList      `json:"scopes"`
	GrantType      string         `json:"grantType"`
	AuthURL        string         `json:"authUrl"`
	TokenURL       string         `json:"accessTokenUrl"`
	RequestURL     string         `json:"requestTokenUrl"`
	Signature      string         `json:"signatureMethod"`
	Authentication string         `json:"authentication"`
	Name           string         `json:"name"` // of a header or query parameter
}

// n8n makes a connection of each credential, with a default service where there is one for its type, else with a custom
// one.
func n8n(data []byte, o Options) (*Import, error) {
	if data[0] == '{' {
		data = slices.Concat([]byte("["), data, []byte("]"))
	}
	var list []credential
	if err := decode(data, &list); err != nil {
		return nil, invalid("the export cannot be read: %v", err)
	}
	if len(list) == 0 {
		return nil, invalid("there are no credentials in it")
	}
	if len(list) > maxEntries {
		return nil, invalid("there are more than %d credentials in it", maxEntries)
	}
	b := newBuilder(KindN8n, o)
	for i := range list {
		b.credential(&list[i])
	}
	return &b.made, nil
}

func (b *builder) credential(c *credential) {
	label := c.Name
	if label == "" {
		label = c.Type
	}
	var d credentialData
	decrypted := len(c.Data) > 0 && c.Data[0] == '{'
	if decrypted {
		if err := decode(c.Data, &d); err != nil {
			b.leaveOut(label, "its data cannot be read: "+err.Error())
			return
		}
	}
	if c.Type == "" {
		b.leaveOut(label, "it has no type")
		return
	}
	if why, ok := n8nRefused[c.Type]; ok {
		b.leaveOut(label, why)
		return
	}
	if generic, ok := n8nGeneric[c.Type]; ok {
		b.generic(c, label, &d, decrypted, generic)
		return
	}
	s := b.n8nService(c.Type)
	if s == nil {
		b.leaveOut(label, "there is no default service for the type "+shown(c.Type)+". Make a custom service, and a connection with it")
		return
	}
	e := Entry{Name: shown(label)}
	id, secret := d.ClientID, d.ClientSecret
	if s.Auth.OAuth1 != nil {
		id, secret = d.ConsumerKey, d.ConsumerSecret
	}
	switch {
	case s.NeedsClient() && !decrypted:
		e.Notes = append(e.Notes, fmt.Sprintf("The export is encrypted. An owner or admin sets the OAuth client of %s before anybody can connect.", s.LinkName))
	case s.NeedsClient():
		b.client(&e, s, id, secret)
	}
	b.connection(&e, s, name(c.Name, s.Name), c.Name, append(d.Scope, d.Scopes...))
	b.made.Entries = append(b.made.Entries, e)
}

// n8nService is the default service that a type of n8n's is for: by the table, else by the same name, where the end of the
// type says how it authenticates.
func (b *builder) n8nService(kind string) *lanyard.Service {
	if link, ok := n8nTypes[kind]; ok {
		return b.options.Catalog.Service(lanyard.LinkName(link))
	}
	for _, end := range []struct {
		text string
		fits func(*lanyard.Service) bool
	}{{"OAuth2Api", isCode}, {"OAuth1Api", nangoAuth["OAUTH1"]}, {"AccessTokenApi", isKey}, {"TokenApi", isKey}, {"ApiToken", isKey}, {"Api", isKey}} {
		if before, ok := strings.CutSuffix(kind, end.text); ok {
			return b.named(before, nil, end.fits)
		}
	}
	return nil
}

// generic makes a custom service, on the host that the person named: n8n keeps none with its generic credentials.
func (b *builder) generic(c *credential, label string, d *credentialData, decrypted bool, kind genericType) {
	s := &lanyard.Service{Kind: lanyard.KindCustom, Name: name(c.Name, "Service")}
	var secret lanyard.Secret
	var why string
	if s.Auth, secret, why = kind(c, d, decrypted); why != "" {
		b.leaveOut(label, why)
		return
	}
	host := b.options.Hosts[c.Name]
	if host == "" {
		b.leaveOut(label, fmt.Sprintf("the export does not say where it is used. Name the host: %s=api.example.com", shown(label)))
		return
	}
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	e := Entry{Name: shown(label)}
	var err error
	if s.BaseURL, s.Hosts, e.Notes, err = base(host); err != nil {
		b.leaveOut(label, "its host cannot be used: "+err.Error())
		return
	}
	s.LinkName = b.serviceLink(c.Name, "service")
	if !b.options.WithSecrets && !secret.IsZero() {
		secret = lanyard.Secret{}
		e.Notes = append(e.Notes, "The client secret was left out: set it when you edit the service, or import with secrets.")
	}
	if err := b.service(s, secret); err != nil {
		b.leaveOut(label, "what n8n has makes no service: "+faults(err))
		return
	}
	e.Becomes = []string{fmt.Sprintf("Becomes the custom service %s (%s) on %s, and a connection with it.", s.Name, s.LinkName, strings.Join(s.Hosts, ", "))}
	b.made.Document.Connections = append(b.made.Document.Connections, definitions.Connection{LinkName: s.LinkName, Name: s.Name, Service: s.LinkName})
	b.made.Entries = append(b.made.Entries, e)
}

// genericType says how a generic credential authenticates, and why it cannot be imported where that is so.
type genericType func(c *credential, d *credentialData, decrypted bool) (auth lanyard.Auth, secret lanyard.Secret, leftOut string)

const encryptedWords = "the export is encrypted, and what is needed for a service stands inside: export with --decrypted"

var n8nGeneric = map[string]genericType{
	"httpBearerAuth": func(*credential, *credentialData, bool) (lanyard.Auth, lanyard.Secret, string) {
		return apiKey("Authorization", "Token", lanyard.ParamHeader, "Bearer "), lanyard.Secret{}, ""
	},
	"httpBasicAuth": func(*credential, *credentialData, bool) (lanyard.Auth, lanyard.Secret, string) {
		return basicWay.auth, lanyard.Secret{}, ""
	},
	"httpHeaderAuth": func(_ *credential, d *credentialData, decrypted bool) (lanyard.Auth, lanyard.Secret, string) {
		if !decrypted {
			return lanyard.Auth{}, lanyard.Secret{}, encryptedWords
		}
		return apiKey(d.Name, d.Name, lanyard.ParamHeader, ""), lanyard.Secret{}, ""
	},
	"httpQueryAuth": func(_ *credential, d *credentialData, decrypted bool) (lanyard.Auth, lanyard.Secret, string) {
		if !decrypted {
			return lanyard.Auth{}, lanyard.Secret{}, encryptedWords
		}
		return apiKey(d.Name, d.Name, lanyard.ParamQuery, ""), lanyard.Secret{}, ""
	},
	"oAuth2Api": func(_ *credential, d *credentialData, decrypted bool) (lanyard.Auth, lanyard.Secret, string) {
		if !decrypted {
			return lanyard.Auth{}, lanyard.Secret{}, encryptedWords
		}
		a := &lanyard.OAuth2Auth{GrantType: lanyard.AuthorizationCode, PKCE: d.GrantType == "pkce", ClientID: d.ClientID, AuthorizeURL: d.AuthURL, AccessTokenURL: d.TokenURL, ParamType: lanyard.ParamHeader, ScopeDelimiter: " "}
		if d.GrantType == "clientCredentials" {
			a.GrantType, a.AuthorizeURL, a.PKCE = lanyard.ClientCredentials, "", true
		}
		switch d.Authentication {
		case "body":
			a.ClientAuthentication = lanyard.ClientSecretPost
		case "header":
			a.ClientAuthentication = lanyard.ClientSecretBasic
		}
		for _, scope := range d.Scope {
			a.Scopes = append(a.Scopes, lanyard.Scope{Name: scope, Value: scope, Always: true})
		}
		return lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: a}, d.ClientSecret, ""
	},
	"oAuth1Api": func(_ *credential, d *credentialData, decrypted bool) (lanyard.Auth, lanyard.Secret, string) {
		if !decrypted {
			return lanyard.Auth{}, lanyard.Secret{}, encryptedWords
		}
		a := &lanyard.OAuth1Auth{ConsumerKey: d.ConsumerKey, RequestTokenURL: d.RequestURL, AuthorizeURL: d.AuthURL, AccessTokenURL: d.TokenURL, ParamType: lanyard.ParamHeader, SignatureMethod: lanyard.HMACSHA1}
		if d.Signature != "" {
			a.SignatureMethod = lanyard.SignatureMethod(d.Signature)
		}
		return lanyard.Auth{Type: lanyard.AuthOAuth1, OAuth1: a}, d.ConsumerSecret, ""
	},
}

const notHTTP = "it is for a database, a mail server or the like. Lanyard calls services over https"

// n8nRefused are types that are known and have no place here.
var n8nRefused = map[string]string{
	"httpDigestAuth": "Digest is not one of the ways to authenticate that Lanyard knows", "httpCustomAuth": "a custom authentication of n8n is free text: make a custom service by hand",
	"httpTemplatedCustomAuth": "a custom authentication of n8n is free text: make a custom service by hand", "httpMultipleHeadersAuth": "its headers are in a form of n8n's own: make a custom service with an API key for each",
	"httpSslAuth": "it is a client certificate, and Lanyard has none to show", "jwtAuth": "it is for signing tokens, not for calling a service", "crypto": "it is for scripts, not for calling a service", "totpApi": "it is for one-time codes, not for calling a service",
	"aws":           "AWS has a default service for each of its own: make a connection with the one that you call, such as aws_s3 or aws_lambda",
	"awsAssumeRole": "AWS has a default service for each of its own: make a connection with the one that you call, such as aws_sts",
	"googleApi":     "it is a service account of Google, which signs its own tokens. Make a connection with the default service that you call, such as google_drive",
	"ftp":           notHTTP, "sftp": notHTTP, "imap": notHTTP, "smtp": notHTTP, "mySql": notHTTP, "postgres": notHTTP, "microsoftSql": notHTTP, "mongoDb": notHTTP, "redis": notHTTP, "kafka": notHTTP, "mqtt": notHTTP, "amqp": notHTTP,
	"rabbitmq": notHTTP, "ldap": notHTTP, "sshPassword": notHTTP, "sshPrivateKey": notHTTP, "gitPassword": notHTTP, "crateDb": notHTTP, "questDb": notHTTP, "timescaleDb": notHTTP, "oracleDBApi": notHTTP,
	"githubAppApi": "a GitHub App signs its own tokens: make a connection with github or github_token", "salesforceJwtApi": "it signs its own tokens: make a connection with salesforce",
	"zohoOAuth2Api": "n8n has one type for all of Zoho: make a connection with the default service that you call, such as zoho_crm", "googleOAuth2Api": "n8n has this type for any service of Google: make a connection with the default service that you call, such as google_drive",
	"microsoftOAuth2Api": "n8n has this type for any service of Microsoft: make a connection with the default service that you call, such as microsoft_graph", "facebookGraphAppApi": "it verifies webhooks: it is not for calling a service", "whatsAppTriggerApi": "it verifies webhooks: it is not for calling a service", "discordWebhookApi": "an address of a webhook needs no connection: keep it in a script",
}
