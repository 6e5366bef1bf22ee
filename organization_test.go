package lanyard

import (
	"strings"
	"testing"
)

func TestCheckExternalID(t *testing.T) {
	for text, fine := range map[string]bool{
		"customer-4711": true, "a": true, "auth0|5f7c8ec7c33c6c004bbafe82": true, "two words": true, "ünïcödé": true, "a@example.com": true,
		strings.Repeat("é", MaxExternalID): true, strings.Repeat("a", MaxExternalID+1): false,
		"": false, " a": false, "a ": false, "a\nb": false, "a\x00": false, "\xff": false, "a\u202eb": false, "a\u00a0b": false,
	} {
		if err := CheckExternalID(text); (err == nil) != fine {
			t.Errorf("%q: %v", text, err)
		}
	}
}
