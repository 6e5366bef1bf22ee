package providertest

import (
	"net/http"
	"testing"
)

// TestBaseStringOfRFC5849 is the example of RFC 5849 §3.4.1.
func TestBaseStringOfRFC5849(t *testing.T) {
	r := Request{
		Method: "POST", URI: "/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", Body: []byte("c2&a3=2+q"),
		Header: http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"},
			"Authorization": {`OAuth realm="Example", oauth_consumer_key="9djdj82h48djs9d2", oauth_token="kkk9d7dh3k39sjv7", ` +
				`oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131201", oauth_nonce="7d8f3e4a", ` +
				`oauth_signature="bYT5CMsGcbgUdFHObYMEfcx6bsw%3D"`},
		},
	}
	pairs, err := parameters(r)
	if err != nil {
		t.Fatal(err)
	}
	got := baseString(r.Method, "http://example.com", r.URI, pairs)
	want := "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26" +
		"c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26" +
		"oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
