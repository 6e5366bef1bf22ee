package lanyard

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// minMasked is the length below which a secret is not looked for: masking every "a" of a text helps nobody.
const minMasked = 6

// Mask replaces the credential's secrets in a text by "[redacted]", in the forms in which texts quote them: plain,
// percent-encoded, base64 and escaped for JSON.
func (c *Credential) Mask(text string) string { return MaskSecrets(text, c.Secrets()) }

// MaskSecrets is [Credential.Mask] for any secrets. What it cannot find are secrets that were changed, cut or encoded
// some other way.
func MaskSecrets(text string, secrets []Secret) string {
	var forms []string
	for _, s := range secrets {
		forms = append(forms, maskedForms(s.Reveal())...)
	}
	// The longest first: a secret may hold another, and half of it would be left over.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, redacted)
	}
	return text
}

func maskedForms(secret string) []string {
	if len(secret) < minMasked {
		return nil
	}
	forms := []string{secret}
	add := func(form string) {
		if form != "" && form != secret {
			forms = append(forms, form)
		}
	}
	add(url.QueryEscape(secret))
	add(url.PathEscape(secret))
	add(base64.StdEncoding.EncodeToString([]byte(secret)))
	add(base64.URLEncoding.EncodeToString([]byte(secret)))
	add(base64.RawURLEncoding.EncodeToString([]byte(secret)))
	if quoted, err := json.Marshal(secret); err == nil {
		add(string(quoted[1 : len(quoted)-1]))
	}
	return forms
}
