package scheme_test

import (
	"testing"

	"lanyard"
)

func TestG11_BasicOnTheWire(t *testing.T) {
	for _, c := range []struct{ name, user, password, want string }{
		// RFC 7617 §2: the example, and §2.1: the one in UTF-8.
		{"the RFC's example", "Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
		{"the RFC's example in UTF-8", "test", "123£", "dGVzdDoxMjPCow=="},
		{"colons in the password", "a", "b:c:", "YTpiOmM6"},
		{"no password", "sk_live_1", "", "c2tfbGl2ZV8xOg=="},
		{"blanks around the password", "a", " b ", "YTogYiA="},
		{"characters of the second base64 alphabet", "a", "??>>~~", "YTo/Pz4+fn4="},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bind(t, basic, &lanyard.Credential{Username: lanyard.NewSecret(c.user), Password: lanyard.NewSecret(c.password)})
			diff(t, call{method: "POST", url: "https://api.acme.com/x?a", headers: []string{"Content-Type: text/plain"}, body: "hi"}.place(t, p),
				lines("POST /x?a HTTP/1.1", "Host: api.acme.com", "Content-Length: 2", "Authorization: Basic "+c.want, "Content-Type: text/plain")+"| hi")
		})
	}
}
