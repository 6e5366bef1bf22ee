package lanyard

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Masker replaces secrets in the texts of others by "[redacted]": as they are, and in the encodings in which servers
// tend to echo what they got. What it cannot find are secrets that were changed, cut or encoded some other way. The
// zero Masker changes nothing. It is safe for concurrent use.
type Masker struct{ replacer func() *strings.Replacer }

const (
	// MaskWords is the least length of a secret, in bytes, to look for in a few words that a person or a log gets to see:
	// shorter ones stand there by chance, where a mask would tell them rather than hide them.
	MaskWords = 4
	// MaskAnswers is that for a whole answer that a program goes on to use.
	MaskAnswers = 6
)

// NewMasker makes a Masker for the secrets that have at least that many bytes. It does its work when it is first used.
func NewMasker(least int, secrets ...Secret) Masker {
	return Masker{sync.OnceValue(func() *strings.Replacer {
		var forms []string
		for _, s := range secrets {
			if v := s.Reveal(); len(v) >= least {
				forms = append(forms, spellings(v)...)
			}
		}
		if len(forms) == 0 {
			return nil
		}
		// At one place the first form that fits is replaced, so the longer ones stand first: "secret" inside
		// "secret%2Fmore" must not leave the rest behind.
		slices.SortFunc(forms, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
		forms = slices.Compact(forms)
		pairs := make([]string, 0, 2*len(forms))
		for _, f := range forms {
			pairs = append(pairs, f, redacted)
		}
		return strings.NewReplacer(pairs...)
	})}
}

// Mask gives the text without the secrets.
func (m Masker) Mask(text string) string {
	if m.replacer == nil {
		return text
	}
	if r := m.replacer(); r != nil {
		return r.Replace(text)
	}
	return text
}

// spellings lists the ways in which an answer may repeat a value.
func spellings(v string) []string {
	strict := strings.ReplaceAll(url.QueryEscape(v), "+", "%20") // RFC 3986, as OAuth 1 and many servers encode
	twice := url.QueryEscape(strict)                             // as in an OAuth 1 base string
	all := []string{
		v, strict, url.QueryEscape(v), url.PathEscape(v), twice, url.QueryEscape(twice), url.QueryEscape(url.QueryEscape(v)),
		lowerEscapes(strict), lowerEscapes(url.QueryEscape(v)), lowerEscapes(twice),
	}
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		all = append(all, e.EncodeToString([]byte(v)))
	}
	for _, s := range all[:4] {
		escaped := html.EscapeString(s)
		all = append(all, escaped, strings.ReplaceAll(escaped, "+", "&#43;"), html.EscapeString(escaped))
	}
	for _, s := range slices.Clone(all) {
		for _, escapeHTML := range []bool{true, false} {
			var b strings.Builder
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(escapeHTML)
			if err := e.Encode(s); err != nil {
				continue // a text always encodes
			}
			quoted := strings.TrimSpace(b.String())
			all = append(all, quoted[1:len(quoted)-1])
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// lowerEscapes writes %2F as %2f: both are in use.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}
