package endpoint

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"lanyard"
)

// maxQuote is how much of a provider's words a person gets to see, in characters.
const maxQuote = 300

// minSecret is the length in bytes below which a value is not masked: shorter ones stand in words by chance, where a mask
// would tell them rather than hide them.
const minSecret = 4

// Quote makes a provider's words fit to show and to log: on one line, without control characters, at most 300
// characters, and with [redacted] where they repeat one of the secrets that were sent — as it is, or in an encoding in
// which servers tend to echo: percent-encoded, base64, JSON, HTML. Secrets of fewer than four bytes are not masked.
func Quote(words string, sent ...lanyard.Secret) string {
	words = oneLine(words)
	if m := masker(sent); m != nil {
		// Before the cut, which could leave half a secret standing.
		words = m.Replace(words)
	}
	if r := []rune(words); len(r) > maxQuote {
		words = string(r[:maxQuote])
	}
	return words
}

// oneLine turns line breaks and tabs into blanks and drops other control characters, with those that change the
// direction of text.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\ufeff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.TrimSpace(s)
}

// masker replaces every form of the secrets; it is nil when there are none.
func masker(secrets []lanyard.Secret) *strings.Replacer {
	var forms []string
	for _, s := range secrets {
		if v := s.Reveal(); len(v) >= minSecret {
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
		pairs = append(pairs, f, "[redacted]")
	}
	return strings.NewReplacer(pairs...)
}

// spellings lists the ways in which an answer may repeat a value.
func spellings(v string) []string {
	strict := strings.ReplaceAll(url.QueryEscape(v), "+", "%20")
	all := []string{
		v, oneLine(v), html.EscapeString(v),
		strict, url.QueryEscape(v), url.PathEscape(v), lowerEscapes(strict), lowerEscapes(url.QueryEscape(v)),
		url.QueryEscape(strict), // encoded twice, as in an OAuth 1 base string
	}
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		all = append(all, e.EncodeToString([]byte(v)))
	}
	if j, err := json.Marshal(v); err == nil {
		all = append(all, string(j[1:len(j)-1]))
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
