package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/definitions"
)

// integration is one of Nango's, as its API lists them and, with credentials, shows each. Everything else that it says,
// ids and times among it, is of Nango alone.
type integration struct {
	UniqueKey   string `json:"unique_key"`
	Provider    string `json:"provider"`
	DisplayName string `json:"display_name"`
	Credentials *struct {
		Type         string         `json:"type"`
		ClientID     string         `json:"client_id"`
		ClientSecret lanyard.Secret `json:"client_secret"`
		Scopes       scopeList      `json:"scopes"`
	} `json:"credentials"`
	// Older versions have these outside of the credentials.
	ClientID     string         `json:"client_id"`
	ClientSecret lanyard.Secret `json:"client_secret"`
	Scopes       scopeList      `json:"scopes"`
	AuthMode     string         `json:"auth_mode"`
}

// scopeList is a list, or a text with commas or blanks between the scopes.
type scopeList []string

func (l *scopeList) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*l = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("scopes are a text or a list: %w", err)
	}
	*l = list
	return nil
}

// nangoProviders are the providers that Nango calls otherwise than our catalogue does. All others go by their name.
var nangoProviders = map[string]string{
	"google-mail": "gmail", "google-sheet": "google_sheets", "google-doc": "google_docs", "google-workspace-admin": "google_workspace_admin", "google-analytics": "google_analytics",
	"microsoft": "microsoft_graph", "outlook": "microsoft_outlook", "one-drive": "onedrive", "one-drive-personal": "onedrive", "one-note": "onenote", "microsoft-power-bi": "power_bi",
	"microsoft-entra-id": "microsoft_graph", "microsoft-business-central": "business_central", "azure-blob-storage": "azure_blob_storage", "sharepoint-online": "sharepoint_online",
	"twitter": "x_oauth1", "twitter-v2": "x_com", "x": "x_com", "quickbooks-sandbox": "quickbooks", "salesforce-sandbox": "salesforce", "docusign-sandbox": "docusign",
	"jira": "jira_oauth", "jira-basic": "jira", "confluence-basic": "confluence_basic", "github-pat": "github_token", "gitlab-pat": "gitlab_token", "fitbit": "google_health",
	"hubspot-private-app": "hubspot_token", "shopify": "shopify_app", "shopify-api-key": "shopify", "stripe-app": "stripe_connect", "stripe-api-key": "stripe", "zendesk": "zendesk_oauth",
	"monday": "monday", "hellosign": "dropbox_sign_oauth", "dropbox-sign": "dropbox_sign_oauth", "convertkit": "kit", "sendinblue": "brevo", "brevo-api-key": "brevo", "amazon-selling-partner": "amazon_sp",
	"facebook-ads": "meta_marketing", "meta-marketing-api": "meta_marketing", "tiktok-accounts": "tiktok", "tiktok-ads": "tiktok_ads", "cal-com-v2": "cal_com", "atlassian": "jira_oauth",
	"slack-user": "slack_user", "linkedin-ads": "linkedin_ads_community", "openai": "openai", "ring-central": "ringcentral", "sage": "sage_accounting", "zoho": "zoho_crm", "zoho-bigin": "zoho_bigin",
	"typeform": "typeform", "wordpress": "wordpress_com", "kustomer": "kustomer", "aws-ses": "aws_ses", "netsuite-tba": "netsuite_tba", "vimeo": "vimeo", "helpscout": "helpscout", "pipedrive": "pipedrive_oauth",
	"notion": "notion_oauth", "intercom": "intercom_oauth", "clickup": "clickup_oauth", "harvest": "harvest", "digitalocean": "digitalocean_app", "datadog": "datadog", "hibob-service-user": "hibob",
}

// nangoAuth is what Nango calls the types.
var nangoAuth = map[string]func(*lanyard.Service) bool{
	"OAUTH2":    isCode,
	"OAUTH2_CC": func(s *lanyard.Service) bool { return s.Auth.OAuth2 != nil && !isCode(s) },
	"OAUTH1":    func(s *lanyard.Service) bool { return s.Auth.OAuth1 != nil },
	"TBA":       func(s *lanyard.Service) bool { return s.Auth.OAuth1 != nil },
	"API_KEY":   isKey,
	"BASIC":     isKey,
}

func isCode(s *lanyard.Service) bool {
	return s.Auth.OAuth2 != nil && s.Auth.OAuth2.GrantType == lanyard.AuthorizationCode
}

// isKey: people type something in.
func isKey(s *lanyard.Service) bool {
	return s.Auth.Type == lanyard.AuthAPIKey || s.Auth.Type == lanyard.AuthBasic
}

// nango makes a connection of each integration, and the OAuth client of its service.
func nango(data []byte, o Options) (*Import, error) {
	list, err := integrations(data)
	if err != nil {
		return nil, err
	}
	b := newBuilder(KindNango, o)
	for _, in := range list {
		b.integration(&in)
	}
	return &b.made, nil
}

// integrations reads what Nango's API answers: {"data": [...]}, or {"data": {...}} for one; or a list of them.
func integrations(data []byte) ([]integration, error) {
	var all []integration
	var wrapped struct {
		Data    json.RawMessage `json:"data"`
		Configs json.RawMessage `json:"configs"`
		Named   json.RawMessage `json:"integrations"`
	}
	if data[0] == '{' {
		if err := decode(data, &wrapped); err != nil {
			return nil, invalid("the export cannot be read: %v", err)
		}
		switch {
		case wrapped.Data != nil:
			data = wrapped.Data
		case wrapped.Configs != nil:
			data = wrapped.Configs
		case wrapped.Named != nil:
			if wrapped.Named[0] == '{' {
				return nil, invalid("this is a nango.yaml: it describes syncs, not integrations. Export the integrations by GET /integrations of Nango's API")
			}
			data = wrapped.Named
		}
		if data[0] == '{' {
			data = slices.Concat([]byte("["), data, []byte("]"))
		}
	}
	if err := decode(data, &all); err != nil {
		return nil, invalid("the export cannot be read: %v", err)
	}
	if len(all) == 0 {
		return nil, invalid("there are no integrations in it")
	}
	if len(all) > maxEntries {
		return nil, invalid("there are more than %d integrations in it", maxEntries)
	}
	return all, nil
}

func (b *builder) integration(in *integration) {
	id, secret, scopes, mode := in.ClientID, in.ClientSecret, in.Scopes, in.AuthMode
	if c := in.Credentials; c != nil {
		id, secret, scopes, mode = c.ClientID, c.ClientSecret, c.Scopes, c.Type
	}
	label := in.UniqueKey
	if label == "" {
		label = in.DisplayName
	}
	if in.Provider == "" {
		b.leaveOut(label, "it names no provider")
		return
	}
	fits, known := nangoAuth[mode]
	if mode != "" && !known {
		b.leaveOut(label, "its type "+shown(mode)+" is not one that Lanyard has. See whether a default service of "+shown(in.Provider)+" suits: lanyard services list --kind default")
		return
	}
	s := b.named(in.Provider, nangoProviders, fits)
	if s == nil {
		b.leaveOut(label, "there is no default service for the provider "+shown(in.Provider)+". Make a custom service, and a connection with it")
		return
	}
	e := Entry{Name: shown(label)}
	b.client(&e, s, id, secret)
	title := in.DisplayName
	if title == "" || len(b.made.Document.Connections) > 0 && slices.ContainsFunc(b.made.Document.Connections, func(c definitions.Connection) bool { return c.Name == title }) {
		title = in.UniqueKey
	}
	b.connection(&e, s, name(title, s.Name), in.UniqueKey, scopes)
	b.made.Entries = append(b.made.Entries, e)
}

// named finds the default service that another system knows by a name of its own: by the table, else by the same name
// without what divides its words. Of its ways it is the first one that fits.
func (b *builder) named(theirs string, table map[string]string, fits func(*lanyard.Service) bool) *lanyard.Service {
	c := b.options.Catalog
	wanted, listed := table[theirs]
	if !listed {
		wanted = theirs
	}
	var entry *catalog.Entry
	if listed {
		var w *catalog.Way
		if entry, w = c.Find(lanyard.LinkName(wanted)); entry != nil && (fits == nil || fits(w.Service())) {
			return w.Service()
		}
	} else {
		entry = byName(c, wanted)
	}
	if entry == nil {
		return nil
	}
	for i := range entry.Ways {
		if s := entry.Ways[i].Service(); fits == nil || fits(s) {
			return s
		}
	}
	return nil
}

// byName finds an entry whose link name, name or alias is the same but for what divides its words.
func byName(c *catalog.Catalog, name string) *catalog.Entry {
	wanted := squeezed(name)
	if wanted == "" {
		return nil
	}
	for _, e := range c.Entries() {
		if squeezed(string(e.LinkName())) == wanted || squeezed(e.Name) == wanted {
			return e
		}
	}
	return nil
}

func squeezed(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(text))
}

// client sets the organization's OAuth client of a default service, once.
func (b *builder) client(e *Entry, s *lanyard.Service, id string, secret lanyard.Secret) {
	if !s.NeedsClient() {
		if id != "" {
			e.Notes = append(e.Notes, "The OAuth client is not taken over: this service has none.")
		}
		return
	}
	if id == "" {
		e.Notes = append(e.Notes, fmt.Sprintf("There is no client ID in the export. An owner or admin sets the OAuth client of %s before anybody can connect.", s.LinkName))
		return
	}
	for _, have := range b.made.Document.OAuthClients {
		if have.Service == s.LinkName {
			if have.ClientID != id {
				e.Notes = append(e.Notes, fmt.Sprintf("%s has one OAuth client for the whole organization, that of the first entry. The other one is not taken over.", s.LinkName))
			}
			return
		}
	}
	made := definitions.OAuthClient{Service: s.LinkName, ClientID: id}
	words := fmt.Sprintf("Sets the OAuth client of %s (%s).", s.Name, s.LinkName)
	switch {
	case secret.IsZero():
		e.Notes = append(e.Notes, "The client secret is not in the export: set it on the service's page.")
	case b.options.WithSecrets:
		made.ClientSecret = &definitions.SecretRef{Value: secret}
	default:
		e.Notes = append(e.Notes, "The client secret was left out: set it on the service's page, or import with secrets.")
	}
	if parameters := s.ClientParameters(); len(parameters) > 0 {
		e.Notes = append(e.Notes, fmt.Sprintf("%s wants to know about your own server or tenant, so its OAuth client is not set here: set it on the service's page.", s.Name))
		return
	}
	e.Notes = append(e.Notes, "Register the callback URL of the service with the provider; its page shows it.")
	e.Becomes = append(e.Becomes, words)
	b.made.Document.OAuthClients = append(b.made.Document.OAuthClients, made)
}

// connection makes one with a default service, with those of the scopes that the service knows.
func (b *builder) connection(e *Entry, s *lanyard.Service, title, key string, scopes []string) {
	c := definitions.Connection{LinkName: b.link(key, string(s.LinkName)), Name: title, Service: s.LinkName}
	var unknown []string
	for _, scope := range scopes {
		if scope == "" || slices.Contains(c.Scopes, scope) {
			continue
		}
		if a := s.Auth.OAuth2; a != nil && slices.ContainsFunc(a.Scopes, func(k lanyard.Scope) bool { return k.Value == scope }) {
			c.Scopes = append(c.Scopes, scope)
		} else {
			unknown = append(unknown, shown(scope))
		}
	}
	if len(unknown) > 0 {
		e.Notes = append(e.Notes, fmt.Sprintf("%s does not list these scopes, so they were left out: %s.", s.LinkName, strings.Join(unknown[:min(len(unknown), 20)], ", ")))
	}
	e.Becomes = append(e.Becomes, fmt.Sprintf("Becomes the connection %s (%s) with %s (%s). People connect it anew.", c.Name, c.LinkName, s.Name, s.LinkName))
	b.made.Document.Connections = append(b.made.Document.Connections, c)
}
