package lanyard_test

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"log"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"lanyard"
)

const canary = "CaNaRy-7f3e"

// shows reports whether text holds the canary in any form that a printer might give it.
func shows(text string) bool {
	b := []byte(canary)
	decimal := strings.Trim(fmt.Sprint(b), "[]")
	for _, form := range []string{
		canary, hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), fmt.Sprintf("% x", b), fmt.Sprintf("%#v", b), decimal,
		base64.StdEncoding.EncodeToString(b)[:12], base64.URLEncoding.EncodeToString(b)[:12],
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

type holderError struct{ Secret lanyard.Secret }

func (e holderError) Error() string { return fmt.Sprintf("it was %v", e.Secret) }

// holders are values of every type of the package that holds a secret, and of types somebody might write around one.
func holders() map[string]any {
	s := lanyard.NewSecret(canary)
	type hidden struct{ secret lanyard.Secret }
	type open struct {
		XMLName xml.Name `json:"-" xml:"open"`
		Secret  lanyard.Secret
		Attr    lanyard.Secret `xml:"attr,attr"`
		Pointer *lanyard.Secret
	}
	type embedding struct{ lanyard.Secret }
	oauth1 := &lanyard.OAuth1Auth{ConsumerKey: "k", ConsumerSecret: s}
	oauth2 := &lanyard.OAuth2Auth{ClientID: "id", ClientSecret: s}
	credential := lanyard.Credential{
		Values: map[string]lanyard.Secret{"X-Api-Key": s}, Username: s, Password: s, AccessToken: s, RefreshToken: s, Token: s, TokenSecret: s,
		AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: s, SessionToken: s, Parameters: map[string]string{"domain": "zylker"},
	}
	consent := lanyard.ConsentSecrets{CodeVerifier: s, RequestToken: s, RequestTokenSecret: s}
	return map[string]any{
		"Secret": s, "*Secret": &s, "[]Secret": []lanyard.Secret{s}, "[1]Secret": [1]lanyard.Secret{s}, "map": map[string]lanyard.Secret{"k": s},
		"map of pointers": map[string]*lanyard.Secret{"k": &s}, "any": []any{s, &s}, "unexported field": hidden{s}, "pointer to unexported": &hidden{s},
		"slice of unexported": []hidden{{s}}, "map of unexported": map[int]hidden{1: {s}}, "exported field": open{Secret: s, Attr: s, Pointer: &s}, "embedded": embedding{s},
		"error": holderError{s}, "wrapped error": fmt.Errorf("call: %w", holderError{s}), "joined error": errors.Join(holderError{s}, fmt.Errorf("%#v", s)),
		"Error": &lanyard.Error{Code: lanyard.CodeInternal, Message: fmt.Sprint(s), Cause: holderError{s}},
		"Auth":  lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: oauth2}, "OAuth1Auth": *oauth1, "*OAuth1Auth": oauth1, "OAuth2Auth": *oauth2, "*OAuth2Auth": oauth2,
		"Service":    lanyard.Service{LinkName: "x", Auth: lanyard.Auth{Type: lanyard.AuthOAuth1, OAuth1: oauth1}},
		"*Service":   &lanyard.Service{LinkName: "x", Auth: lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: oauth2}},
		"Credential": credential, "*Credential": &credential, "[]Credential": []lanyard.Credential{credential},
		"ConsentSecrets": consent, "ConsentRequest": lanyard.ConsentRequest{Secrets: consent}, "*ConsentRequest": &lanyard.ConsentRequest{Secrets: consent},
	}
}

// printers are the ways Go has of turning a value into text. An error's text is part of what is printed.
func printers() map[string]func(v any) string {
	all := map[string]func(v any) string{
		"Sprint":   func(v any) string { return fmt.Sprint(v) },
		"Sprintln": func(v any) string { return fmt.Sprintln(v, v) },
		"Errorf":   func(v any) string { return fmt.Errorf("x: %v", v).Error() },
		"log":      func(v any) string { var b bytes.Buffer; log.New(&b, "", 0).Print(v); return b.String() },
		"slog text": func(v any) string {
			var b bytes.Buffer
			slog.New(slog.NewTextHandler(&b, nil)).With("a", v).WithGroup("g").Info("m", "v", v, slog.Group("h", "v", v))
			return b.String()
		},
		"slog json": func(v any) string {
			var b bytes.Buffer
			slog.New(slog.NewJSONHandler(&b, nil)).With("a", v).WithGroup("g").Info("m", "v", v, slog.Group("h", "v", v))
			return b.String()
		},
		"json":        func(v any) string { b, err := json.Marshal(v); return fmt.Sprint(string(b), err) },
		"json indent": func(v any) string { b, err := json.MarshalIndent(v, "", " "); return fmt.Sprint(string(b), err) },
		"xml":         func(v any) string { b, err := xml.Marshal(v); return fmt.Sprint(string(b), err) },
		"gob": func(v any) string {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(v)
			return fmt.Sprint(b.String(), err)
		},
		"text/template": func(v any) string {
			var b bytes.Buffer
			err := template.Must(template.New("").Parse(`{{.}} {{printf "%v %q" . .}} {{range $k, $v := .}}{{$v}}{{end}}`)).Execute(&b, v)
			return fmt.Sprint(b.String(), err)
		},
		"html/template": func(v any) string {
			var b bytes.Buffer
			err := htmltemplate.Must(htmltemplate.New("").Parse(`<a href="?{{.}}" title="{{.}}">{{.}}</a><script>x = {{.}}</script>`)).Execute(&b, v)
			return fmt.Sprint(b.String(), err)
		},
		"text marshaller": func(v any) string { var b strings.Builder; walk(&b, reflect.ValueOf(v), true, 0); return b.String() },
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%#q", "%x", "% X", "%d", "%t", "%c", "%U", "%e", "%o", "%b", "%10.3v", "%-20s", "%!", "%p"} {
		all[verb] = func(v any) string { return fmt.Sprintf(verb, v) }
	}
	return all
}

// walk prints a value as dumpers and encoders built on reflection do: exported fields through their text form, or, with
// asText off, whatever memory reflection can reach, unexported fields included.
func walk(b *strings.Builder, v reflect.Value, asText bool, depth int) {
	if !v.IsValid() || depth > 20 {
		return
	}
	if asText && v.CanInterface() {
		if m, ok := v.Interface().(encoding.TextMarshaler); ok {
			text, err := m.MarshalText()
			fmt.Fprintln(b, string(text), err)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		walk(b, v.Elem(), asText, depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			walk(b, v.Field(i), asText, depth+1)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walk(b, v.Index(i), asText, depth+1)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			walk(b, it.Key(), asText, depth+1)
			walk(b, it.Value(), asText, depth+1)
		}
	case reflect.String:
		fmt.Fprintln(b, v.String())
	}
}

func TestF14_NothingPrintsASecret(t *testing.T) {
	for holder, v := range holders() {
		for printer, print := range printers() {
			if text := print(v); shows(text) {
				t.Errorf("%s printed by %s shows the secret: %s", holder, printer, text)
			}
		}
	}
}

func TestF14_PrintedFormIsRedacted(t *testing.T) {
	s := lanyard.NewSecret(canary)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, s); got != "[redacted]" {
			t.Errorf("%s gives %q, want [redacted]", verb, got)
		}
		if got := fmt.Sprintf(verb, lanyard.Credential{AccessToken: s}); got != "[redacted]" {
			t.Errorf("%s of a credential gives %q, want [redacted]", verb, got)
		}
	}
	if got, err := json.Marshal(map[string]any{"s": s, "c": &lanyard.Credential{Password: s}}); err != nil || string(got) != `{"c":"[redacted]","s":"[redacted]"}` {
		t.Errorf("json gives %s, %v", got, err)
	}
	if got := s.String() + s.GoString() + s.LogValue().String(); got != strings.Repeat("[redacted]", 3) {
		t.Errorf("String, GoString and LogValue give %q", got)
	}
}

// The parts of a credential that are not secret by themselves are not printed either, except by what asks no value how
// it wants to be printed (%p, dumpers).
func TestF14_CredentialPrintsNothing(t *testing.T) {
	c := lanyard.Credential{AccessKeyID: canary, Parameters: map[string]string{"domain": canary}}
	for printer, print := range printers() {
		if printer == "%p" {
			continue
		}
		for _, v := range []any{c, &c, []lanyard.Credential{c}, map[string]*lanyard.Credential{"k": &c}} {
			if text := print(v); shows(text) {
				t.Errorf("%T printed by %s shows its parts: %s", v, printer, text)
			}
		}
	}
}

// A dumper that follows every pointer and reads unexported fields reaches no secret.
func TestF14_ReflectionReachesNoSecret(t *testing.T) {
	for holder, v := range holders() {
		var b strings.Builder
		walk(&b, reflect.ValueOf(v), false, 0)
		if shows(b.String()) {
			t.Errorf("reflection over %s reads the secret: %s", holder, b.String())
		}
	}
}

func TestSecretValues(t *testing.T) {
	s := lanyard.NewSecret(canary)
	if s.Reveal() != canary || s.IsZero() {
		t.Error("a secret does not give back its value")
	}
	var zero lanyard.Secret
	if zero.Reveal() != "" || !zero.IsZero() || !lanyard.NewSecret("").IsZero() {
		t.Error("the empty secret is the zero one")
	}
	if !s.Equal(lanyard.NewSecret(canary)) || s.Equal(lanyard.NewSecret(canary+"x")) || s.Equal(zero) || !zero.Equal(lanyard.NewSecret("")) {
		t.Error("Equal compares the values")
	}
	if s.Fingerprint("a") == s.Fingerprint("b") || s.Fingerprint("a") != lanyard.NewSecret(canary).Fingerprint("a") || zero.Fingerprint("a") != "" {
		t.Error("a fingerprint tells values and salts apart, and is empty for nothing")
	}
	if shows(s.Fingerprint("a")) || len(s.Fingerprint("a")) != 8 {
		t.Errorf("a fingerprint is eight characters that say nothing: %s", s.Fingerprint("a"))
	}

	var in struct{ S lanyard.Secret }
	if err := json.Unmarshal([]byte(`{"S": "`+canary+`"}`), &in); err != nil || in.S.Reveal() != canary {
		t.Errorf("a secret is read from JSON: %v", err)
	}
	if err := json.Unmarshal([]byte(`{"S": null}`), &in); err != nil || !in.S.IsZero() {
		t.Errorf("null is the empty secret: %v", err)
	}
	if err := json.Unmarshal([]byte(`{"S": 12345678}`), &in); err == nil || strings.Contains(err.Error(), "12345678") {
		t.Errorf("a number is refused without being repeated: %v", err)
	}
}
