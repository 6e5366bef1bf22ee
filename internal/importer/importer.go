// Package importer reads what people bring from elsewhere: an export of Nango's integrations or of n8n's credentials, an
// OpenAPI document, a curl command. It makes a [definitions.Document] of it and says of every entry what becomes of it.
// It changes nothing and calls nobody: the document is planned and applied by package definitions.
//
//	importer.go   what an import is
//	yaml.go       JSON and the plain part of YAML, within bounds
//	shell.go      the words of a command
//	curl.go       a curl command
//	openapi.go    security schemes and servers
//	nango.go      integrations
//	n8n.go        credentials; n8n_types.go has the services that their types belong to
//
// What is read was written by strangers. Nothing in it decides more than a definition may say: ids are never taken over,
// and a secret goes nowhere but into a [lanyard.Secret].
package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/definitions"
)

// MaxSize is how many bytes are read.
const MaxSize = 8 << 20

const maxEntries = 1000

// Kind is what can be read.
type Kind string

const (
	KindCurl    Kind = "curl"
	KindOpenAPI Kind = "openapi"
	KindNango   Kind = "nango"
	KindN8n     Kind = "n8n"
)

// Name is the kind for people.
func (k Kind) Name() string {
	switch k {
	case KindCurl:
		return "a curl command"
	case KindOpenAPI:
		return "an OpenAPI document"
	case KindNango:
		return "Nango integrations"
	case KindN8n:
		return "n8n credentials"
	}
	return ""
}

// Options are what the text alone does not say.
type Options struct {
	Catalog *catalog.Catalog
	// WithSecrets takes client secrets that stand in an export. Credentials of people are never taken.
	WithSecrets bool
	// Hosts says where generic credentials of n8n are used, by the names that they have there.
	Hosts map[string]string
	// BaseURL is where the API is, for an OpenAPI document that does not say it.
	BaseURL string
	// ClientID is the OAuth client of an OpenAPI document's OAuth 2 services.
	ClientID string
	// Scheme is the one security scheme of an OpenAPI document that is wanted; all that are used when empty.
	Scheme string
	// Name and LinkName are for the service of an OpenAPI document; made of its title when empty.
	Name     string
	LinkName string
}

// Import is a text as it was understood.
type Import struct {
	Kind     Kind
	Document *definitions.Document
	Entries  []Entry // in the order of the text
}

// Entry is one thing of the text.
type Entry struct {
	Name string // as the text calls it
	// Becomes says what is made of it, each a sentence; empty when it is left out.
	Becomes []string
	// Notes say what is not taken over, and what there is to do afterwards, each a sentence.
	Notes []string
	// LeftOut says why it cannot be imported, and what to do instead; empty when it can.
	LeftOut string
}

// LeftOut counts the entries that cannot be imported.
func (i *Import) LeftOut() int {
	n := 0
	for _, e := range i.Entries {
		if e.LeftOut != "" {
			n++
		}
	}
	return n
}

// Empty reports whether there is nothing to make.
func (i *Import) Empty() bool {
	d := i.Document
	return len(d.Services)+len(d.OAuthClients)+len(d.Connections) == 0
}

// Recognise says what a text is; empty when it is none of what can be read.
func Recognise(data []byte) Kind {
	text := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	switch {
	case isCurl(string(text[:min(len(text), 200)])):
		return KindCurl
	case len(data) > MaxSize || len(text) == 0:
		return ""
	}
	data, err := readJSON(text)
	if err != nil {
		return ""
	}
	var list []map[string]json.RawMessage
	one := map[string]json.RawMessage{}
	if json.Unmarshal(data, &list) != nil {
		if json.Unmarshal(data, &one) != nil {
			return ""
		}
		list = []map[string]json.RawMessage{one}
	}
	for _, name := range []string{"openapi", "swagger"} {
		if _, ok := one[name]; ok {
			return KindOpenAPI
		}
	}
	for _, name := range []string{"data", "configs", "integrations"} { // an n8n credential has data, too, and a type beside it
		if _, ok := one[name]; ok && one["type"] == nil {
			return KindNango
		}
	}
	for _, e := range list {
		if e["unique_key"] != nil && e["provider"] != nil {
			return KindNango
		}
		if e["type"] != nil && e["data"] != nil {
			return KindN8n
		}
	}
	return ""
}

// Read reads a text of a kind that is not [KindCurl], for which there is [ParseCurl]. An error is for the person who
// brought the text: there is nothing in it that could be imported.
func Read(kind Kind, data []byte, o Options) (*Import, error) {
	if len(data) > MaxSize {
		return nil, lanyard.Errorf(lanyard.CodeRequestTooLarge, "This is larger than %d MiB. Divide it, or leave out what is not needed.", MaxSize>>20)
	}
	data, err := readJSON(bytes.TrimPrefix(data, []byte("\ufeff")))
	if err != nil {
		return nil, invalid("%v", err)
	}
	switch kind {
	case KindOpenAPI:
		return openAPI(data, o)
	case KindNango:
		return nango(data, o)
	case KindN8n:
		return n8n(data, o)
	}
	return nil, invalid("this is neither a curl command, nor an OpenAPI document, nor an export of Nango or n8n")
}

// invalid is an error for the person who brought the text.
func invalid(format string, args ...any) *lanyard.Error {
	e := lanyard.Errorf(lanyard.CodeInvalidRequest, "Nothing was imported: "+format+".", args...)
	return e
}

// builder collects a document.
type builder struct {
	options Options
	made    Import
	taken   map[lanyard.LinkName]bool // of connections and services of the document
}

func newBuilder(kind Kind, o Options) *builder {
	if o.Catalog == nil {
		o.Catalog = catalog.Default()
	}
	return &builder{options: o, made: Import{Kind: kind, Document: &definitions.Document{Format: definitions.Format}}, taken: map[lanyard.LinkName]bool{}}
}

// link proposes a link name that the document does not have yet. What it is made of may have nothing that a link name
// can hold.
func (b *builder) link(of, otherwise string) lanyard.LinkName {
	link := lanyard.ProposeLinkName(of)
	if link == "" {
		link = lanyard.LinkName(otherwise)
	}
	for n := 2; ; n++ {
		free := numbered(link, n-1)
		if !b.taken[free] {
			b.taken[free] = true
			return free
		}
	}
}

// serviceLink is link for a service, which cannot be called as a default one.
func (b *builder) serviceLink(of, otherwise string) lanyard.LinkName {
	for n := 1; ; n++ {
		link := b.link(of, otherwise)
		if !b.options.Catalog.Has(link) {
			return link
		}
		if of += "_api"; n > 3 {
			of = fmt.Sprintf("%s_%d", otherwise, n)
		}
	}
}

// numbered is a link name with a number behind it, from the second one on.
func numbered(link lanyard.LinkName, n int) lanyard.LinkName {
	if n < 2 {
		return link
	}
	end := fmt.Sprintf("_%d", n)
	return link[:min(len(link), 50-len(end))] + lanyard.LinkName(end)
}

// service adds a custom service, if it is one that could be saved.
func (b *builder) service(s *lanyard.Service, secret lanyard.Secret) error {
	definition, err := Definition(s)
	if err != nil {
		return err
	}
	made := definitions.Service{Definition: definition}
	if !secret.IsZero() {
		made.ClientSecret = &definitions.SecretRef{Value: secret}
	}
	b.made.Document.Services = append(b.made.Document.Services, made)
	return nil
}

// Definition is a service as the API takes it. An error says what is wrong with it.
func Definition(s *lanyard.Service) (json.RawMessage, error) {
	s.Kind = lanyard.KindCustom
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return nil, err
	}
	parsed, err := lanyard.ParseService(out.Bytes())
	if err == nil {
		if a := parsed.Auth.OAuth2; a != nil && a.ClientID == "" {
			a.ClientID = "later" // it is asked for where the document is applied
		}
		err = parsed.Validate()
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

// fieldsOf are the faults of an error, each at its field.
func fieldsOf(err error) []lanyard.FieldError {
	var faults *lanyard.Error
	if errors.As(err, &faults) {
		return faults.Fields
	}
	return nil
}

// name makes a text fit to be a name that people see: cut, without what a name may not hold. Otherwise stands in for one
// that has nothing.
func name(text, otherwise string) string {
	fit := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if lanyard.CheckName("a"+string(r)+"b") != nil {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "")))
	if r := []rune(fit); len(r) > 50 {
		fit = strings.TrimSpace(string(r[:50]))
	}
	if lanyard.CheckName(fit) != nil {
		return otherwise
	}
	return fit
}

// shown is a stranger's text in a sentence of ours: cut, in one line.
func shown(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if r := []rune(text); len(r) > 80 {
		text = string(r[:80]) + " …"
	}
	return text
}

// hostName makes a name of a host: Acme of api.acme.com.
func hostName(host string) string {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return host
	}
	own, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		own = host
	}
	own, _, _ = strings.Cut(own, ".")
	return strings.ToUpper(own[:1]) + own[1:]
}

// private reports whether a host is one of a network that nobody else reaches.
func private(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast()
	}
	return loopback(host) || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".local") || !strings.Contains(host, ".")
}

// loopback reports whether a host is the machine itself, where plain http crosses no network.
func loopback(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	return host == "localhost"
}

// base gives a base URL and the host list that belongs to it, and says what is not done as it was written.
func base(u string) (baseURL string, hosts, notes []string, err error) {
	parsed, target, err := lanyard.ParseURL(u)
	if err != nil {
		return "", nil, nil, err
	}
	if parsed.Scheme == "http" && !loopback(target.Host) {
		notes = append(notes, "It is called over plain http, where everybody on the way can read the credential. The service is made with https.")
		parsed.Scheme = "https"
		parsed.Host = strings.TrimSuffix(parsed.Host, ":80")
	}
	if private(target.Host) {
		notes = append(notes, target.Host+" is an address of a private network. Calls reach it only where whoever runs this Lanyard opened that network (--allow-network).")
	}
	parsed.RawQuery = ""
	return strings.TrimSuffix(parsed.String(), "/"), []string{parsed.Host}, notes, nil
}

// known names the default services that list the host, at most a few.
func known(c *catalog.Catalog, host string) []string {
	var found []string
	for _, w := range c.Ways() {
		if slices.Contains(w.Service().Hosts, host) {
			found = append(found, string(w.LinkName))
		}
	}
	return found
}
