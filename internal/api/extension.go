package api

import (
	"context"
	"encoding/base64"
	"time"

	"lanyard"
	"lanyard/internal/extension"
	"lanyard/internal/store"
)

// ExtensionSource says which package is meant. Like the other structs that stand inside others here, it is exported for the
// reason that [Page] is.
type ExtensionSource struct {
	Publisher string `json:"publisher,omitempty" doc:"The id of the organization that offers the extension, together with its name" example:"org_RQ6Y3DPCZ2T4WJ7M5KXA"`
	Name      string `json:"name,omitempty" doc:"What the publisher offers it as" example:"acme_orders"`
	Package   string `json:"package,omitempty" doc:"A packed extension in base64, in place of publisher and name"`
}

// source decodes what a body says about a package.
func (s *ExtensionSource) source() (extension.Source, error) {
	var f lanyard.FieldErrors
	switch {
	case s.Package != "" && s.Publisher+s.Name != "":
		f.Add("/package", "give either a package, or publisher and name")
	case s.Package == "" && s.Publisher == "":
		f.Add("/publisher", "say which organization offers the extension, or give a package")
	case s.Package == "" && s.Name == "":
		f.Add("/name", "say which extension of that organization is meant")
	}
	packed := decodePackage(&f, s.Package)
	return extension.Source{Publisher: lanyard.OrganizationID(s.Publisher), Name: lanyard.LinkName(s.Name), Packed: packed}, f.Err()
}

func decodePackage(f *lanyard.FieldErrors, encoded string) []byte {
	packed, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		f.Add("/package", "this is not base64")
	}
	return packed
}

// publisher is the organization that offers an extension.
type publisher struct {
	ID   string `json:"id" doc:"The organization's id" example:"org_RQ6Y3DPCZ2T4WJ7M5KXA"`
	Name string `json:"name" doc:"Its name in this deployment; empty when it is gone" example:"Zylker"`
}

// publisherOf is nil for an extension that comes from a file.
func publisherOf(id lanyard.OrganizationID, name string) *publisher {
	if id == "" {
		return nil
	}
	return &publisher{string(id), name}
}

// InstalledExtension is an extension as it is listed.
type InstalledExtension struct {
	Name              string        `json:"name" doc:"What it is known by in this organization; never changes" example:"acme_orders"`
	Title             string        `json:"title" doc:"For people" example:"Acme orders"`
	Version           string        `json:"version" doc:"The version that is installed, which stays until another one is accepted" example:"1.2.0"`
	Publisher         *publisher    `json:"publisher" doc:"The organization that it comes from; null: it was installed from a file"`
	PublisherName     string        `json:"publisher_name" doc:"Who published it, as its manifest has it" example:"Acme Inc."`
	Digest            string        `json:"digest" doc:"SHA-256 of the installed package, in hex"`
	WhenPublisherGone string        `json:"when_publisher_gone" enum:"keep,end" doc:"What becomes of it when its publisher withdraws it or is deleted: it goes on working, or it is uninstalled"`
	GoneAt            *time.Time    `json:"gone_at" doc:"When its publisher withdrew it or was deleted; null: neither"`
	Newer             *newerVersion `json:"newer" doc:"What its publisher offers in its place now; null: nothing else"`
	Waiting           []string      `json:"waiting" doc:"The link names of its connections that the acting user still has to connect"`
	InstalledBy       string        `json:"installed_by" doc:"The user who installed it" example:"usr_C6B3YV2ZPTLWQ7DKXN4H"`
	CreatedAt         time.Time     `json:"created_at" doc:"When it was installed"`
	UpdatedAt         time.Time     `json:"updated_at" doc:"When it was last changed"`
}

type newerVersion struct {
	Version string `json:"version" doc:"The version that is offered" example:"1.3.0"`
	Digest  string `json:"digest" doc:"SHA-256 of its package, in hex"`
}

func encodeInstalled(x *extension.Installed) InstalledExtension {
	out := InstalledExtension{
		Name: string(x.Name), Title: x.Title, Version: x.Version, Publisher: publisherOf(x.Publisher, x.Organization), PublisherName: x.PublisherName,
		Digest: x.Digest, WhenPublisherGone: string(x.WhenGone), GoneAt: when(x.GoneAt), Waiting: texts(x.Waiting), InstalledBy: string(x.InstalledBy),
		CreatedAt: x.CreatedAt.UTC(), UpdatedAt: x.UpdatedAt.UTC(),
	}
	if x.Newer != nil {
		out.Newer = &newerVersion{x.Newer.Version, x.Newer.Digest}
	}
	return out
}

// ExtensionDetail is one extension, with what it brought.
type ExtensionDetail struct {
	InstalledExtension
	Contents extensionContents `json:"contents" doc:"What it brought"`
	Ends     *extensionEnds    `json:"ends" doc:"What uninstalling it ends; null for who may not uninstall it"`
}

type extensionContents struct {
	Services    []broughtService    `json:"services" doc:"Custom services, and where their credentials may go"`
	Connections []broughtConnection `json:"connections" doc:"Connections, and what they may do"`
	Scripts     []broughtScript     `json:"scripts" doc:"Functions"`
	Tasks       []string            `json:"tasks" doc:"Integration tasks that its services bring, by name"`
	Hosts       []string            `json:"hosts" doc:"The hosts that its scripts may call without a connection" example:"rates.acme.example"`
}

type broughtService struct {
	LinkName    string     `json:"link_name" doc:"Its link name" example:"acme"`
	Name        string     `json:"name" doc:"For people" example:"Acme"`
	Type        string     `json:"type" enum:"api_key,basic,oauth1,oauth2,aws_sigv4" doc:"How it authenticates"`
	Hosts       []string   `json:"hosts" doc:"The hosts that its credentials may be sent to" example:"api.acme.example"`
	URLs        []namedURL `json:"urls" doc:"Its own URLs"`
	NeedsClient bool       `json:"needs_client" doc:"Whether an owner or admin has to set an OAuth client before anybody can connect"`
}

type namedURL struct {
	Name string `json:"name" doc:"What the URL is for" example:"access token URL"`
	URL  string `json:"url" doc:"The URL" example:"https://api.acme.example/oauth/token"`
}

type broughtConnection struct {
	LinkName                string         `json:"link_name" doc:"What scripts call it" example:"acme_orders"`
	Name                    string         `json:"name" doc:"For people" example:"Acme orders"`
	Service                 string         `json:"service" doc:"The link name of its service" example:"acme"`
	ServiceName             string         `json:"service_name" doc:"The name of its service" example:"Acme"`
	Hosts                   []string       `json:"hosts" doc:"The hosts that its credentials may be sent to" example:"api.acme.example"`
	Scopes                  []broughtScope `json:"scopes" doc:"What it asks for"`
	UseLoginUserCredentials bool           `json:"use_login_user_credentials" doc:"Whether every call runs with the acting user's own account; otherwise with that of whoever installed it"`
	Scripts                 []string       `json:"scripts" doc:"The link names of the extension's scripts that name it" example:"sync_orders"`
}

type broughtScope struct {
	Name  string `json:"name" doc:"What it allows, as the service's definition has it" example:"Read orders"`
	Value string `json:"value" doc:"As the provider spells it" example:"orders.read"`
}

type broughtScript struct {
	LinkName    string   `json:"link_name" doc:"How scripts call it: thisapp.link_name(…)" example:"sync_orders"`
	Name        string   `json:"name" doc:"For people" example:"Sync orders"`
	Script      string   `json:"script" doc:"The source"`
	Lines       int      `json:"lines" doc:"How many lines it has"`
	Connections []string `json:"connections" doc:"The link names of connections that stand in it" example:"acme_orders"`
	Tasks       []string `json:"tasks" doc:"The integration tasks that it calls"`
}

func encodeContents(c *extension.Contents) extensionContents {
	out := extensionContents{Services: []broughtService{}, Connections: []broughtConnection{}, Scripts: []broughtScript{}, Tasks: texts(c.Tasks), Hosts: texts(c.Hosts)}
	for i := range c.Services {
		s := &c.Services[i]
		urls := make([]namedURL, len(s.URLs))
		for j, u := range s.URLs {
			urls[j] = namedURL(u)
		}
		out.Services = append(out.Services, broughtService{string(s.LinkName), s.Name, string(s.Type), texts(s.Hosts), urls, s.NeedsClient})
	}
	for i := range c.Connections {
		b := &c.Connections[i]
		scopes := make([]broughtScope, len(b.Scopes))
		for j, s := range b.Scopes {
			scopes[j] = broughtScope{s.Name, s.Value}
		}
		out.Connections = append(out.Connections, broughtConnection{
			LinkName: string(b.LinkName), Name: b.Name, Service: string(b.Service), ServiceName: b.ServiceName, Hosts: texts(b.Hosts), Scopes: scopes,
			UseLoginUserCredentials: b.UseLoginUserCredentials, Scripts: texts(b.Scripts),
		})
	}
	for i := range c.Scripts {
		s := &c.Scripts[i]
		out.Scripts = append(out.Scripts, broughtScript{string(s.LinkName), s.Name, s.Source, s.Lines, texts(s.Connections), texts(s.Tasks)})
	}
	return out
}

// extensionEnds is what installing, updating or uninstalling ends.
type extensionEnds struct {
	Authorizations int      `json:"authorizations" doc:"How many credentials are erased"`
	People         int      `json:"people" doc:"How many people they belong to"`
	Connections    int      `json:"connections" doc:"How many connections are deleted, or have to be connected anew"`
	Functions      []string `json:"functions" doc:"The link names of functions that are deleted"`
	Services       []string `json:"services" doc:"The link names of services that are deleted"`
	Others         []string `json:"other_connections" doc:"The link names of connections that people made with those services; they stay, and stop working"`
}

func encodeEnds(e *extension.Ends) extensionEnds {
	return extensionEnds{e.Authorizations, e.People, e.Connections, texts(e.Functions), texts(e.Services), texts(e.Others)}
}

type listExtensionsInput struct{ Page }

func (a *API) listExtensions(ctx context.Context, c *lanyard.Caller, in *listExtensionsInput) (*answer[list[InstalledExtension]], error) {
	all, err := a.Extensions.List(ctx, c)
	if err != nil {
		return nil, err
	}
	some, next, err := pageOf("extensions", c, all, in.Page, func(x *extension.Installed) string { return string(x.Name) })
	if err != nil {
		return nil, err
	}
	return listAnswer(some, next, encodeInstalled), nil
}

// pageOf cuts a page out of a short list that a workroom gives whole, in the order of its keys.
func pageOf[V any](name string, c *lanyard.Caller, whole []V, p Page, key func(*V) string) ([]V, string, error) {
	after, rows, err := p.store().Open(name, c.Organization)
	if err != nil {
		return nil, "", err
	}
	for len(whole) > 0 && key(&whole[0]) <= after {
		whole = whole[1:]
	}
	some, next := store.Cut(name, c.Organization, whole[:min(rows, len(whole))], rows, key)
	return some, next, nil
}

// extensionReview is what somebody reads before installing or updating.
type extensionReview struct {
	Name          string            `json:"name" doc:"What it will be known by" example:"acme_orders"`
	Title         string            `json:"title" doc:"For people" example:"Acme orders"`
	Description   string            `json:"description" doc:"What it is for, in a line" example:"Reads orders and files invoices"`
	Version       string            `json:"version" doc:"The version of this package" example:"1.3.0"`
	DocsURL       string            `json:"docs_url" doc:"Where it is documented; empty: nowhere"`
	Publisher     *publisher        `json:"publisher" doc:"The organization that offers it; null: it comes from a file"`
	PublisherName string            `json:"publisher_name" doc:"Who published it, as its manifest has it; nobody vouches for that" example:"Acme Inc."`
	Digest        string            `json:"digest" doc:"SHA-256 of this package, in hex: what is accepted with it is this and nothing else"`
	Installed     *installedVersion `json:"installed" doc:"What is installed under its name now; null: nothing"`
	Contents      extensionContents `json:"contents" doc:"What it brings"`
	Changes       []extensionChange `json:"changes" doc:"How it differs from what is installed, what extends its reach first"`
	Obstacles     []string          `json:"obstacles" doc:"What has to be changed first, in sentences; with any, it cannot be installed"`
	Ends          extensionEnds     `json:"ends" doc:"What accepting it ends; nothing for who may not accept it"`
}

type installedVersion struct {
	Version string `json:"version" doc:"The version that is installed" example:"1.2.0"`
	Digest  string `json:"digest" doc:"SHA-256 of the installed package, in hex"`
}

type extensionChange struct {
	What   string `json:"what" doc:"Whose difference it is" example:"Service Acme"`
	Words  string `json:"words" doc:"The difference, in a sentence" example:"Credentials may also go to files.acme.example."`
	Reach  bool   `json:"reach" doc:"Whether credentials, or what scripts read, may go where they did not before, or be allowed more"`
	Before string `json:"before" doc:"The text before, where it is to be read line by line; otherwise empty"`
	After  string `json:"after" doc:"The text after"`
}

func encodeReview(from extension.Source, r *extension.Review) extensionReview {
	p := r.Package
	out := extensionReview{
		Name: string(p.Name), Title: p.Title, Description: p.Description, Version: p.Version, DocsURL: p.DocsURL,
		Publisher: publisherOf(from.Publisher, r.Publisher), PublisherName: p.Publisher, Digest: p.Digest, Contents: encodeContents(r.Contents),
		Changes: make([]extensionChange, len(r.Changes)), Obstacles: texts(r.Obstacles), Ends: encodeEnds(&r.Ends),
	}
	if r.Installed != nil {
		out.Installed = &installedVersion{r.Installed.Version, r.Installed.Digest}
	}
	for i, change := range r.Changes {
		out.Changes[i] = extensionChange(change)
	}
	return out
}

type reviewExtensionInput struct{ Body ExtensionSource }

func (a *API) reviewExtension(ctx context.Context, c *lanyard.Caller, in *reviewExtensionInput) (*answer[extensionReview], error) {
	from, err := in.Body.source()
	if err != nil {
		return nil, err
	}
	r, err := a.Extensions.Review(ctx, c, from)
	if err != nil {
		return nil, err
	}
	return &answer[extensionReview]{encodeReview(from, r)}, nil
}

type newExtension struct {
	ExtensionSource
	Digest            string `json:"digest" doc:"The digest of the package that was reviewed; when another one is offered by now, nothing is installed"`
	WhenPublisherGone string `json:"when_publisher_gone,omitempty" enum:"keep,end" doc:"What becomes of it when its publisher withdraws it or is deleted: it goes on working, or it is uninstalled; keep when left out"`
}

type installExtensionInput struct{ Body newExtension }

func (a *API) installExtension(ctx context.Context, c *lanyard.Caller, in *installExtensionInput) (*created[ExtensionDetail], error) {
	from, err := in.Body.source()
	if err != nil {
		return nil, err
	}
	x, err := a.Extensions.Install(ctx, c, extension.InstallInput{Source: from, Digest: in.Body.Digest, WhenGone: lanyard.WhenGone(in.Body.WhenPublisherGone)})
	if err != nil {
		return nil, err
	}
	detail, err := a.extensionDetail(ctx, c, string(x.Name))
	if err != nil {
		return nil, err
	}
	return &created[ExtensionDetail]{Location: "/v1/extensions/" + string(x.Name), Body: *detail}, nil
}

// ExtensionName is exported for the reason that [Page] is.
type ExtensionName struct {
	Name string `path:"name" doc:"The extension's name" example:"acme_orders"`
}

// extensionDetail reads one extension as it stands.
func (a *API) extensionDetail(ctx context.Context, c *lanyard.Caller, name string) (*ExtensionDetail, error) {
	x, contents, ends, err := a.Extensions.Extension(ctx, c, name)
	if err != nil {
		return nil, err
	}
	out := &ExtensionDetail{InstalledExtension: encodeInstalled(x), Contents: encodeContents(contents)}
	if ends != nil {
		may := encodeEnds(ends)
		out.Ends = &may
	}
	return out, nil
}

func (a *API) readExtension(ctx context.Context, c *lanyard.Caller, in *ExtensionName) (*answer[ExtensionDetail], error) {
	detail, err := a.extensionDetail(ctx, c, in.Name)
	if err != nil {
		return nil, err
	}
	return &answer[ExtensionDetail]{*detail}, nil
}

type extensionPatch struct {
	WhenPublisherGone string `json:"when_publisher_gone" enum:"keep,end" doc:"What becomes of it when its publisher withdraws it or is deleted: it goes on working, or it is uninstalled"`
}

type editExtensionInput struct {
	ExtensionName
	Body extensionPatch
}

func (a *API) editExtension(ctx context.Context, c *lanyard.Caller, in *editExtensionInput) (*answer[ExtensionDetail], error) {
	if _, err := a.Extensions.SetWhenGone(ctx, c, in.Name, lanyard.WhenGone(in.Body.WhenPublisherGone)); err != nil {
		return nil, err
	}
	return a.readExtension(ctx, c, &in.ExtensionName)
}

type updatedExtension struct {
	ExtensionDetail
	Ended extensionEnds `json:"ended" doc:"What the update ended"`
}

type updateExtensionInput struct {
	ExtensionName
	Body struct {
		ExtensionSource
		Digest string `json:"digest" doc:"The digest of the package that was reviewed; when another one is offered by now, nothing is changed"`
	}
}

func (a *API) updateExtension(ctx context.Context, c *lanyard.Caller, in *updateExtensionInput) (*answer[updatedExtension], error) {
	from, err := in.Body.source()
	if err != nil {
		return nil, err
	}
	_, ended, err := a.Extensions.Update(ctx, c, in.Name, extension.InstallInput{Source: from, Digest: in.Body.Digest})
	if err != nil {
		return nil, err
	}
	detail, err := a.extensionDetail(ctx, c, in.Name)
	if err != nil {
		return nil, err
	}
	return &answer[updatedExtension]{updatedExtension{*detail, encodeEnds(ended)}}, nil
}

func (a *API) uninstallExtension(ctx context.Context, c *lanyard.Caller, in *ExtensionName) (*answer[extensionEnds], error) {
	ended, err := a.Extensions.Uninstall(ctx, c, in.Name)
	if err != nil {
		return nil, err
	}
	return &answer[extensionEnds]{encodeEnds(ended)}, nil
}

// extensionOffer is an extension that the organization may install.
type extensionOffer struct {
	Publisher     publisher `json:"publisher" doc:"The organization that offers it"`
	Name          string    `json:"name" doc:"What it offers it as" example:"acme_orders"`
	Title         string    `json:"title" doc:"For people" example:"Acme orders"`
	Description   string    `json:"description" doc:"What it is for, in a line" example:"Reads orders and files invoices"`
	Version       string    `json:"version" doc:"The version that is offered" example:"1.3.0"`
	PublisherName string    `json:"publisher_name" doc:"Who published it, as its manifest has it; nobody vouches for that" example:"Acme Inc."`
	Digest        string    `json:"digest" doc:"SHA-256 of its package, in hex"`
	Installed     string    `json:"installed" doc:"The version that is installed here from this publisher; empty: none" example:"1.2.0"`
	UpdatedAt     time.Time `json:"updated_at" doc:"When it was last published or offered to others"`
}

func encodeOffer(o *extension.Offer) extensionOffer {
	return extensionOffer{
		Publisher: publisher{string(o.OrganizationID), o.OrganizationName}, Name: string(o.Name), Title: o.Title, Description: o.Description, Version: o.Version,
		PublisherName: o.PublisherName, Digest: o.Digest, Installed: o.Installed, UpdatedAt: o.UpdatedAt.UTC(),
	}
}

type listOffersInput struct{ Page }

func (a *API) listOffers(ctx context.Context, c *lanyard.Caller, in *listOffersInput) (*answer[list[extensionOffer]], error) {
	offers, next, err := a.Extensions.Offers(ctx, c, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(offers, next, encodeOffer), nil
}

// ListedPublication is an extension that the organization itself publishes.
type ListedPublication struct {
	Name          string    `json:"name" doc:"What it is published as; never changes" example:"acme_orders"`
	Title         string    `json:"title" doc:"For people" example:"Acme orders"`
	Description   string    `json:"description" doc:"What it is for, in a line" example:"Reads orders and files invoices"`
	Version       string    `json:"version" doc:"The newest version, which is the one that is offered" example:"1.3.0"`
	PublisherName string    `json:"publisher_name" doc:"Who published it, as its manifest has it" example:"Acme Inc."`
	Digest        string    `json:"digest" doc:"SHA-256 of its package, in hex"`
	Audience      string    `json:"audience" enum:"everybody,organizations" doc:"To whom it is offered: every organization of the deployment, or those that are named"`
	Organizations []string  `json:"organizations" doc:"The ids of the organizations that are named; none: it is offered to nobody else yet" example:"org_T7ZPQ3XWDN5K2LHRVJ4B"`
	PublishedBy   string    `json:"published_by" doc:"The user who published this version" example:"usr_C6B3YV2ZPTLWQ7DKXN4H"`
	CreatedAt     time.Time `json:"created_at" doc:"When it was first published"`
	UpdatedAt     time.Time `json:"updated_at" doc:"When it was last changed"`
}

const (
	audienceEverybody     = "everybody"
	audienceOrganizations = "organizations"
)

func encodePublication(p *lanyard.Publication) ListedPublication {
	out := ListedPublication{
		Name: string(p.Name), Title: p.Title, Description: p.Description, Version: p.Version, PublisherName: p.PublisherName, Digest: p.Digest,
		Audience: audienceOrganizations, Organizations: texts(p.Organizations), PublishedBy: string(p.PublishedBy), CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
	if p.Everybody {
		out.Audience = audienceEverybody
	}
	return out
}

type listPublicationsInput struct{ Page }

func (a *API) listPublications(ctx context.Context, c *lanyard.Caller, in *listPublicationsInput) (*answer[list[ListedPublication]], error) {
	all, err := a.Extensions.Publications(ctx, c)
	if err != nil {
		return nil, err
	}
	some, next, err := pageOf("publications", c, all, in.Page, func(p *lanyard.Publication) string { return string(p.Name) })
	if err != nil {
		return nil, err
	}
	return listAnswer(some, next, encodePublication), nil
}

// PublicationAudience is exported for the reason that [Page] is.
type PublicationAudience struct {
	Audience      string   `json:"audience" enum:"everybody,organizations" doc:"To whom it is offered: every organization of the deployment, or those that are named"`
	Organizations []string `json:"organizations,omitempty" doc:"With organizations: their ids, all of them; none: nobody else yet. One that there is not is no error"`
}

func (p *PublicationAudience) audience(f *lanyard.FieldErrors) extension.Audience {
	everybody := p.Audience == audienceEverybody
	if everybody && len(p.Organizations) > 0 {
		f.Add("/organizations", "an extension for everybody names no organizations")
	}
	return extension.Audience{Everybody: everybody, Organizations: p.Organizations}
}

type publishExtensionInput struct {
	Body struct {
		Package string `json:"package" doc:"The packed extension in base64, at most 4 MiB"`
		PublicationAudience
	}
}

func (a *API) publishExtension(ctx context.Context, c *lanyard.Caller, in *publishExtensionInput) (*created[ListedPublication], error) {
	var f lanyard.FieldErrors
	to, packed := in.Body.audience(&f), decodePackage(&f, in.Body.Package)
	if err := f.Err(); err != nil {
		return nil, err
	}
	p, err := a.Extensions.Publish(ctx, c, extension.PublishInput{Package: packed, Everybody: to.Everybody, Organizations: to.Organizations})
	if err != nil {
		return nil, err
	}
	return &created[ListedPublication]{Location: "/v1/publications/" + string(p.Name), Body: encodePublication(p)}, nil
}

// publicationDetail is a publication with what stands in its package.
type publicationDetail struct {
	ListedPublication
	Package string `json:"package" doc:"The packed extension in base64"`
}

func (a *API) readPublication(ctx context.Context, c *lanyard.Caller, in *ExtensionName) (*answer[publicationDetail], error) {
	p, packed, err := a.Extensions.Publication(ctx, c, in.Name)
	if err != nil {
		return nil, err
	}
	return &answer[publicationDetail]{publicationDetail{encodePublication(p), base64.StdEncoding.EncodeToString(packed.Packed)}}, nil
}

type editPublicationInput struct {
	ExtensionName
	Body PublicationAudience
}

func (a *API) editPublication(ctx context.Context, c *lanyard.Caller, in *editPublicationInput) (*answer[ListedPublication], error) {
	var f lanyard.FieldErrors
	to := in.Body.audience(&f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	p, err := a.Extensions.SetAudience(ctx, c, in.Name, to)
	if err != nil {
		return nil, err
	}
	return &answer[ListedPublication]{encodePublication(p)}, nil
}

func (a *API) withdrawPublication(ctx context.Context, c *lanyard.Caller, in *ExtensionName) (*struct{}, error) {
	return nil, a.Extensions.Withdraw(ctx, c, in.Name)
}
