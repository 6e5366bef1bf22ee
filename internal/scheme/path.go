package scheme

import (
	"net/http"
	"net/url"
	"strings"

	"lanyard"
)

// pathPlacer puts API keys in front of the path, each a segment of its own, beside what fields places elsewhere.
type pathPlacer struct {
	*fields
	prefix  string // "/bot123:abc", decoded
	escaped string // the same as it is sent
	names   []string
}

func bindPath(s *lanyard.Service, f *fields, segments []string) (Placer, error) {
	p := &pathPlacer{fields: f}
	for _, segment := range segments {
		// One that begins another segment, or climbs, would be another address than the service's.
		if strings.ContainsAny(segment, `/\`) || strings.Trim(segment, ".") == "" || lanyard.CheckHeaderValue(segment) != nil {
			return nil, lacking(s, "API key", "holds what cannot stand in a path")
		}
		p.prefix += "/" + segment
		p.escaped += "/" + url.PathEscape(segment)
	}
	for _, k := range s.Auth.APIKey.Parameters {
		if k.ParamType == lanyard.ParamPath {
			p.names = append(p.names, k.Name)
		}
	}
	return p, nil
}

// Place puts the keys in front of the path, once: a request that is sent again has them there already.
func (p *pathPlacer) Place(req *http.Request) error {
	if err := p.fields.Place(req); err != nil {
		return err
	}
	if !strings.HasPrefix(req.URL.Path, p.prefix+"/") {
		p.put(req.URL, p.prefix, p.escaped)
	}
	return nil
}

func (p *pathPlacer) put(u *url.URL, prefix, escaped string) {
	rest := u.EscapedPath()
	if !strings.HasPrefix(rest, "/") {
		rest, u.Path = "/"+rest, "/"+u.Path
	}
	u.Path, u.RawPath = prefix+u.Path, escaped+rest
}

// Signed: where a redirect leads is made of the path that held the key, so it is not followed.
func (*pathPlacer) Signed() bool { return true }

func (p *pathPlacer) Strip(h http.Header, u *url.URL) {
	p.fields.Strip(h, u)
	if rest, ok := strings.CutPrefix(u.Path, p.prefix+"/"); ok {
		u.Path, u.RawPath = "/"+rest, ""
	}
}

func (p *pathPlacer) Hide(req *http.Request) (placed []Part, made []lanyard.Secret) {
	placed, made = p.fields.Hide(req)
	if rest, ok := strings.CutPrefix(req.URL.Path, p.prefix+"/"); ok {
		req.URL.Path, req.URL.RawPath = "/"+rest, ""
		p.put(req.URL, "/"+redacted, "/"+redacted)
	}
	for _, name := range p.names {
		placed = append(placed, Part{lanyard.ParamPath, name})
	}
	return placed, made
}
