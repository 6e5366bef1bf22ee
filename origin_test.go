package lanyard_test

import (
	"testing"

	"lanyard"
)

func TestA18_AnOriginIsExact(t *testing.T) {
	for origin, ok := range map[string]bool{
		"https://app.example.com":         true,
		"https://app.example.com:8443":    true,
		"http://localhost:3000":           true,
		"http://127.0.0.1:3000":           true,
		"http://[::1]:3000":               true,
		"http://app.example.com":          false,
		"https://app.example.com/":        false,
		"https://app.example.com:443":     false,
		"https://App.example.com":         false,
		"https://app.example.com/path":    false,
		"https://app.example.com?x":       false,
		"https://app.example.com#x":       false,
		"https://user@app.example.com":    false,
		"https://*.example.com":           false,
		"https:app.example.com":           false,
		"//app.example.com":               false,
		`https:\\app.example.com`:         false,
		"javascript:alert(1)":             false,
		"null":                            false,
		"":                                false,
		"https://app.example.com ":        false,
		"http://localhost.example.com":    false,
		"http://127.0.0.1.example.com:80": false,
	} {
		if err := lanyard.CheckOrigin(origin); (err == nil) != ok {
			t.Errorf("%q: %v", origin, err)
		}
	}
}
