package oauth2

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"lanyard"
)

// maxLifetime bounds what a provider can claim. Anything longer is as good as for ever, and cannot overflow.
const maxLifetime = 10 * 365 * 24 * time.Hour

// Lifetime is how long a token is good for from the moment its answer arrived. The zero Lifetime is unknown, which is
// not the same as a known one of zero: that token may be used once, at best.
type Lifetime struct {
	Known bool
	For   time.Duration // 0 to ten years
}

// ExpiryUnit is what the number beside a token counts.
type ExpiryUnit string

const (
	Seconds          ExpiryUnit = "" // from now (RFC 6749 §5.1)
	Milliseconds     ExpiryUnit = "milliseconds"
	UnixSeconds      ExpiryUnit = "unix" // the moment itself
	UnixMilliseconds ExpiryUnit = "unix_milliseconds"
	RFC3339          ExpiryUnit = "rfc3339" // the moment itself, as text: Square's expires_at
)

// readLifetime takes numbers and texts that are numbers, fractions included; what is junk is unknown. note says in words
// when there was something that could not be used.
func readLifetime(v gjson.Result, unit ExpiryUnit, now time.Time) (l Lifetime, note string) {
	const junk = "is not a number; the lifetime is taken as unknown"
	var n float64
	switch v.Type {
	case gjson.Null: // missing, or null
		return Lifetime{}, ""
	case gjson.Number:
		n = v.Num
	case gjson.String:
		text := strings.TrimSpace(v.Str)
		if unit == RFC3339 {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return Lifetime{}, "is not a date of RFC 3339; the lifetime is taken as unknown"
			}
			return bounded(at.Sub(now).Seconds()), ""
		}
		var err error
		// ParseFloat alone would take "inf", "NaN" and "0x1p4".
		if n, err = strconv.ParseFloat(text, 64); strings.Trim(text, "0123456789.eE+-") != "" || err != nil && !math.IsInf(n, 0) {
			return Lifetime{}, junk
		}
	default:
		return Lifetime{}, junk
	}
	switch unit {
	case Seconds:
	case Milliseconds:
		n /= 1000
	case UnixSeconds:
		n -= float64(now.UnixMilli()) / 1000
	case UnixMilliseconds:
		n = (n - float64(now.UnixMilli())) / 1000
	default:
		return Lifetime{}, "cannot be read; the lifetime is taken as unknown"
	}
	return bounded(n), ""
}

// bounded makes a lifetime of a number of seconds; the fraction is dropped.
func bounded(seconds float64) Lifetime {
	switch {
	case math.IsNaN(seconds):
		return Lifetime{}
	case seconds <= 0:
		return Lifetime{Known: true}
	case seconds >= maxLifetime.Seconds():
		return Lifetime{true, maxLifetime}
	}
	return Lifetime{true, time.Duration(seconds) * time.Second}
}

// ExpiryFromJWT reads the exp claim of an access token that happens to be a JWT (RFC 7519 §4.1.4). Nothing is verified:
// it serves to plan a refresh where the answer named no lifetime, and for nothing else.
func ExpiryFromJWT(token lanyard.Secret) (time.Time, bool) {
	const maxToken = 64 << 10
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 || len(parts[1]) > maxToken {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Exp *float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Exp == nil {
		return time.Time{}, false
	}
	const year9999 = 253402300799
	if exp := *claims.Exp; exp > 0 && exp <= year9999 {
		return time.Unix(int64(exp), 0), true
	}
	return time.Time{}, false
}
