package endpoint

import (
	"strings"
	"unicode"

	"lanyard"
)

// maxQuote is how much of a provider's words a person gets to see, in characters.
const maxQuote = 300

// Quote makes a provider's words fit to show and to log: on one line, without control characters, at most 300
// characters, and with [redacted] where they repeat one of the secrets that were sent — as it is, or in an encoding in
// which servers tend to echo: percent-encoded, base64, JSON, HTML. Secrets of fewer than four bytes are not masked.
func Quote(words string, sent ...lanyard.Secret) string {
	words = oneLine(words)
	words = lanyard.NewMasker(lanyard.MaskWords, sent...).Mask(words) // before the cut, which could leave half a secret standing
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
