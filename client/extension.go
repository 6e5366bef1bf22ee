package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"lanyard"
)

// Publisher is an organization that offers an extension.
type Publisher struct {
	ID   string `json:"id"`
	Name string `json:"name"` // empty when it is gone
}

// Extension is an extension as an organization installed it.
type Extension struct {
	Document
	Name              string            `json:"name"`
	Title             string            `json:"title"`
	Version           string            `json:"version"`
	Publisher         *Publisher        `json:"publisher"`      // nil: it was installed from a file
	PublisherName     string            `json:"publisher_name"` // as its manifest has it
	Digest            string            `json:"digest"`         // SHA-256 of the installed package, in hex
	WhenPublisherGone lanyard.WhenGone  `json:"when_publisher_gone"`
	GoneAt            time.Time         `json:"gone_at"` // zero: its publisher is there and offers it
	Newer             *ExtensionVersion `json:"newer"`   // nil: nothing else is offered in its place
	Waiting           []string          `json:"waiting"` // its connections that the acting user still has to connect
	InstalledBy       string            `json:"installed_by"`
	CreatedAt         time.Time         `json:"created_at"`
	UpdatedAt         time.Time         `json:"updated_at"`
	// Contents is what it brought, and Ends, for owners and admins, what uninstalling it would end; on single reads only.
	Contents *ExtensionContents `json:"contents"`
	Ends     *ExtensionEnds     `json:"ends"`
	// Ended is what an update ended; set by [Client.UpdateExtension] only.
	Ended *ExtensionEnds `json:"ended"`
}

// ExtensionVersion is one package of an extension.
type ExtensionVersion struct {
	Version string `json:"version"`
	Digest  string `json:"digest"`
}

// ExtensionContents is what a package brings.
type ExtensionContents struct {
	Services []struct {
		LinkName    string           `json:"link_name"`
		Name        string           `json:"name"`
		Type        lanyard.AuthType `json:"type"`
		Hosts       []string         `json:"hosts"` // that its credentials may be sent to
		URLs        []ExtensionURL   `json:"urls"`
		NeedsClient bool             `json:"needs_client"` // somebody has to set an OAuth client: [Client.SetOAuthClient]
	} `json:"services"`
	Connections []struct {
		LinkName                string          `json:"link_name"`
		Name                    string          `json:"name"`
		Service                 string          `json:"service"` // link name
		ServiceName             string          `json:"service_name"`
		Hosts                   []string        `json:"hosts"`
		Scopes                  []lanyard.Scope `json:"scopes"`
		UseLoginUserCredentials bool            `json:"use_login_user_credentials"`
		Scripts                 []string        `json:"scripts"` // that name it
	} `json:"connections"`
	Scripts []struct {
		LinkName    string   `json:"link_name"`
		Name        string   `json:"name"`
		Script      string   `json:"script"`
		Lines       int      `json:"lines"`
		Connections []string `json:"connections"`
		Tasks       []string `json:"tasks"`
	} `json:"scripts"`
	Tasks []string `json:"tasks"`
	Hosts []string `json:"hosts"` // that its scripts may call without a connection
}

// ExtensionURL is one of a service's own URLs.
type ExtensionURL struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// ExtensionEnds is what installing, updating or uninstalling ends.
type ExtensionEnds struct {
	Document
	Authorizations int      `json:"authorizations"` // credentials that are erased
	People         int      `json:"people"`         // whose
	Connections    int      `json:"connections"`    // that are deleted, or have to be connected anew
	Functions      []string `json:"functions"`
	Services       []string `json:"services"`
	Others         []string `json:"other_connections"` // that people made with those services
}

// ExtensionSource says which package is meant: one that an organization offers, or a packed one.
type ExtensionSource struct {
	Publisher string `json:"publisher,omitempty"` // id of the organization
	Name      string `json:"name,omitempty"`
	Package   []byte `json:"package,omitempty"`
}

// ExtensionReview is what somebody reads before installing or updating.
type ExtensionReview struct {
	Document
	Name          string            `json:"name"`
	Title         string            `json:"title"`
	Description   string            `json:"description"`
	Version       string            `json:"version"`
	DocsURL       string            `json:"docs_url"`
	Publisher     *Publisher        `json:"publisher"` // nil: it comes from a file
	PublisherName string            `json:"publisher_name"`
	Digest        string            `json:"digest"`
	Installed     *ExtensionVersion `json:"installed"` // nil: nothing of its name is
	Contents      ExtensionContents `json:"contents"`
	Changes       []ExtensionChange `json:"changes"`   // against what is installed, what extends its reach first
	Obstacles     []string          `json:"obstacles"` // with any, it cannot be installed
	Ends          ExtensionEnds     `json:"ends"`
}

// ExtensionChange is one difference between two versions of an extension.
type ExtensionChange struct {
	What   string `json:"what"`
	Words  string `json:"words"`
	Reach  bool   `json:"reach"` // credentials, or what scripts read, may go somewhere new or be allowed more
	Before string `json:"before"`
	After  string `json:"after"`
}

func extensionPath(name string) string { return "/v1/extensions/" + url.PathEscape(name) }

// Extensions lists what is installed in the organization.
func (c *Client) Extensions() *List[Extension] { return &List[Extension]{c, "/v1/extensions", nil} }

// Extension reads one installed extension, with what it brought and what uninstalling it would end.
func (c *Client) Extension(ctx context.Context, name string) (*Extension, error) {
	return call[Extension](ctx, c, http.MethodGet, extensionPath(name), nil, nil)
}

// ReviewExtension reads a package and changes nothing. Its digest is what installing and updating take.
func (c *Client) ReviewExtension(ctx context.Context, from ExtensionSource) (*ExtensionReview, error) {
	return call[ExtensionReview](ctx, c, http.MethodPost, "/v1/extensions/review", nil, from)
}

// InstallExtension installs the package that was reviewed, which the digest names; keep is meant when whenGone is empty.
func (c *Client) InstallExtension(ctx context.Context, from ExtensionSource, digest string, whenGone lanyard.WhenGone) (*Extension, error) {
	return call[Extension](ctx, c, http.MethodPost, "/v1/extensions", nil, struct {
		ExtensionSource
		Digest            string           `json:"digest"`
		WhenPublisherGone lanyard.WhenGone `json:"when_publisher_gone,omitempty"`
	}{from, digest, whenGone})
}

// UpdateExtension puts the package that was reviewed in the place of the installed one.
func (c *Client) UpdateExtension(ctx context.Context, name string, from ExtensionSource, digest string) (*Extension, error) {
	return call[Extension](ctx, c, http.MethodPost, extensionPath(name)+"/update", nil, struct {
		ExtensionSource
		Digest string `json:"digest"`
	}{from, digest})
}

// SetWhenPublisherGone says what becomes of an installed extension when its publisher is gone.
func (c *Client) SetWhenPublisherGone(ctx context.Context, name string, when lanyard.WhenGone) (*Extension, error) {
	return call[Extension](ctx, c, http.MethodPatch, extensionPath(name), nil, struct {
		WhenPublisherGone lanyard.WhenGone `json:"when_publisher_gone"`
	}{when})
}

// UninstallExtension deletes what an extension brought, and says what ended.
func (c *Client) UninstallExtension(ctx context.Context, name string) (*ExtensionEnds, error) {
	return call[ExtensionEnds](ctx, c, http.MethodDelete, extensionPath(name), nil, nil)
}

// ExtensionOffer is an extension that the organization may install.
type ExtensionOffer struct {
	Document
	Publisher     Publisher `json:"publisher"`
	Name          string    `json:"name"`
	Title         string    `json:"title"`
	Description   string    `json:"description"`
	Version       string    `json:"version"`
	PublisherName string    `json:"publisher_name"`
	Digest        string    `json:"digest"`
	Installed     string    `json:"installed"` // version; empty: it is not installed
	UpdatedAt     time.Time `json:"updated_at"`
}

// ExtensionOffers lists what the organization may install.
func (c *Client) ExtensionOffers() *List[ExtensionOffer] {
	return &List[ExtensionOffer]{c, "/v1/extension_offers", nil}
}

// Publication is an extension that the organization itself publishes.
type Publication struct {
	Document
	Name          string    `json:"name"`
	Title         string    `json:"title"`
	Description   string    `json:"description"`
	Version       string    `json:"version"`
	PublisherName string    `json:"publisher_name"`
	Digest        string    `json:"digest"`
	Audience      string    `json:"audience"` // AudienceEverybody or AudienceOrganizations
	Organizations []string  `json:"organizations"`
	PublishedBy   string    `json:"published_by"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
	Package       []byte    `json:"package"` // on single reads only
}

// To whom a publication is offered.
const (
	AudienceEverybody     = "everybody"     // every organization of the deployment
	AudienceOrganizations = "organizations" // those that are named
)

// Audience says to whom an extension is offered: to everybody, or to the organizations that it names, by id.
type Audience struct {
	Audience      string   `json:"audience"`
	Organizations []string `json:"organizations,omitempty"`
}

func publicationPath(name string) string { return "/v1/publications/" + url.PathEscape(name) }

// Publications lists what the organization itself publishes.
func (c *Client) Publications() *List[Publication] {
	return &List[Publication]{c, "/v1/publications", nil}
}

// Publication reads one of them, with its package.
func (c *Client) Publication(ctx context.Context, name string) (*Publication, error) {
	return call[Publication](ctx, c, http.MethodGet, publicationPath(name), nil, nil)
}

// PublishExtension offers a packed extension, or a higher version of one.
func (c *Client) PublishExtension(ctx context.Context, packed []byte, to Audience) (*Publication, error) {
	return call[Publication](ctx, c, http.MethodPost, "/v1/publications", nil, struct {
		Package []byte `json:"package"`
		Audience
	}{packed, to})
}

// SetAudience changes to whom an extension is offered.
func (c *Client) SetAudience(ctx context.Context, name string, to Audience) (*Publication, error) {
	return call[Publication](ctx, c, http.MethodPatch, publicationPath(name), nil, to)
}

// WithdrawExtension ends an offer.
func (c *Client) WithdrawExtension(ctx context.Context, name string) error {
	_, err := c.exchange(ctx, http.MethodDelete, publicationPath(name), nil, nil)
	return err
}
