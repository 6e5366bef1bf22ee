package scheme

import (
	"net/url"
	"strings"

	"lanyard"
)

// param is a query or form parameter.
type param struct {
	name  string
	value lanyard.Secret
	text  lanyard.Secret // both, encoded, as they stand in a query
}

func newParam(name, value string) param {
	return param{name, lanyard.NewSecret(value), lanyard.NewSecret(encode(name) + "=" + encode(value))}
}

// encode spells a blank as %20, which servers read that take + literally, and those that do not.
func encode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// hidden are the same parameters without their values.
func hidden(params []param) []param {
	shown := make([]param, len(params))
	for i, p := range params {
		shown[i] = param{p.name, lanyard.NewSecret(redacted), lanyard.NewSecret(encode(p.name) + "=" + redacted)}
	}
	return shown
}

func find(params []param, name string) int {
	for i := range params {
		if params[i].name == name {
			return i
		}
	}
	return -1
}

// nameOf is the decoded name of one piece of a query. A name that cannot be decoded stands for itself.
func nameOf(piece string) string {
	name, _, _ := strings.Cut(piece, "=")
	if decoded, err := url.QueryUnescape(name); err == nil {
		return decoded
	}
	return name
}

// withParams puts parameters into the text of a query or of a form-encoded body. One of the same name is replaced where
// it first stands and removed elsewhere, however its name is encoded; the others are added at the end. Everything else
// stays as it is, byte for byte: a query may be signed by the caller, or mean something to a server that no parser sees.
func withParams(raw string, params []param) string {
	var b strings.Builder
	n := len(raw)
	for _, p := range params {
		n += len(p.text.Reveal()) + 1
	}
	b.Grow(n)
	placed := make([]bool, len(params))
	first := true
	for piece := range strings.SplitSeq(raw, "&") {
		if i := find(params, nameOf(piece)); i >= 0 {
			if placed[i] {
				continue
			}
			placed[i] = true
			piece = params[i].text.Reveal()
		}
		if !first {
			b.WriteByte('&')
		}
		first = false
		b.WriteString(piece)
	}
	for i, p := range params {
		if placed[i] {
			continue
		}
		if s := b.String(); s != "" && s[len(s)-1] != '&' {
			b.WriteByte('&')
		}
		b.WriteString(p.text.Reveal())
	}
	return b.String()
}

// withoutNames removes the parameters whose decoded name is meant, and leaves the rest as it is.
func withoutNames(raw string, meant func(name string) bool) string {
	var b strings.Builder
	first := true
	for piece := range strings.SplitSeq(raw, "&") {
		if meant(nameOf(piece)) {
			continue
		}
		if !first {
			b.WriteByte('&')
		}
		first = false
		b.WriteString(piece)
	}
	return b.String()
}
