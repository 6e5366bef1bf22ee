package lanyard

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// LinkName is the name scripts use for a service or a connection: it begins with a lower-case letter, holds
// lower-case letters, digits and underscores, and is at most 50 characters long. It never changes.
type LinkName string

const maxNameLength = 50

// ParseLinkName checks s. The error is a sentence for the person who typed it.
func ParseLinkName(s string) (LinkName, error) {
	switch {
	case s == "":
		return "", fmt.Errorf("a link name is required")
	case len(s) > maxNameLength:
		return "", fmt.Errorf("a link name has at most %d characters", maxNameLength)
	case s[0] < 'a' || s[0] > 'z':
		return "", fmt.Errorf("a link name begins with a lower-case letter")
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return "", fmt.Errorf("a link name holds only lower-case letters, digits and underscores")
		}
	}
	return LinkName(s), nil
}

// asciiLetters writes the letters of Latin alphabets beyond ASCII with those of ASCII.
var asciiLetters = strings.NewReplacer("à", "a", "á", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "ā", "a", "ă", "a", "ą", "a", "æ", "ae",
	"ç", "c", "ć", "c", "č", "c", "ď", "d", "đ", "d", "è", "e", "é", "e", "ê", "e", "ë", "e", "ē", "e", "ě", "e", "ę", "e", "ğ", "g",
	"ì", "i", "í", "i", "î", "i", "ï", "i", "ī", "i", "ı", "i", "ł", "l", "ñ", "n", "ń", "n", "ň", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o",
	"ö", "o", "ø", "o", "ō", "o", "ő", "o", "œ", "oe", "ř", "r", "ś", "s", "š", "s", "ş", "s", "ș", "s", "ß", "ss", "ť", "t", "ţ", "t", "ț", "t",
	"ù", "u", "ú", "u", "û", "u", "ü", "u", "ū", "u", "ů", "u", "ű", "u", "ý", "y", "ÿ", "y", "ź", "z", "ż", "z", "ž", "z").Replace

// ProposeLinkName makes a link name of a name that people see; empty when there is nothing in it to make one of.
// assets/connection_form.js does the same while somebody types.
func ProposeLinkName(name string) LinkName {
	words := strings.FieldsFunc(asciiLetters(strings.ToLower(name)), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	link := strings.TrimLeft(strings.Join(words, "_"), "0123456789_")
	return LinkName(strings.TrimRight(link[:min(len(link), maxNameLength)], "_"))
}

// CheckName checks a name shown to people: 1 to 50 characters counted as Unicode code points, something that can be
// seen, no blanks around it, no control or text-direction characters. The error is a sentence for the person who typed
// it.
func CheckName(s string) error {
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s):
		return fmt.Errorf("a name is valid UTF-8 text")
	case !strings.ContainsFunc(s, visible):
		return fmt.Errorf("a name is required")
	case n > maxNameLength:
		return fmt.Errorf("a name has at most %d characters", maxNameLength)
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("a name neither begins nor ends with a blank")
	}
	for _, r := range s {
		// Bidirectional overrides can make one name look like another (Unicode TR 36 §2.5).
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return fmt.Errorf("a name holds no control characters")
		}
	}
	return nil
}

// visible reports whether a character leaves something on the page: zero-width ones, fillers and selectors, which emoji
// are joined with, do not.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
