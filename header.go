package lanyard

import (
	"fmt"
	"strings"
)

// forbiddenHeaders frame the message or speak of the connection, so a credential may not stand in them.
var forbiddenHeaders = map[string]bool{
	"host": true, "content-length": true, "content-type": true, "transfer-encoding": true, "connection": true, "keep-alive": true,
	"te": true, "trailer": true, "upgrade": true, "expect": true, "cookie": true, "set-cookie": true, "x-forwarded-for": true,
	"x-forwarded-host": true, "x-forwarded-proto": true, "forwarded": true, "via": true,
}

// CheckToken checks the name of any header: a token of RFC 9110 §5.6.2.
func CheckToken(name string) error {
	if name == "" || len(name) > 100 {
		return fmt.Errorf("a header name has 1 to 100 characters")
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return fmt.Errorf("a header name holds letters, digits and hyphens, no blanks or colons")
		}
	}
	return nil
}

// CheckHeaderName checks the name of a header that carries a credential: a token that is not one of the headers that
// frame a message.
func CheckHeaderName(name string) error {
	if err := CheckToken(name); err != nil {
		return err
	}
	lower := strings.ToLower(name)
	if forbiddenHeaders[lower] || strings.HasPrefix(lower, "proxy-") || strings.HasPrefix(lower, "lanyard-") {
		return fmt.Errorf("the header %s frames the message and cannot carry a credential", name)
	}
	return nil
}

// CheckHeaderValue refuses what would end a header line: CR, LF, NUL and other control characters but tab.
func CheckHeaderValue(value string) error {
	for i := 0; i < len(value); i++ {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return fmt.Errorf("this holds no line breaks or control characters")
		}
	}
	return nil
}
