package function

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"lanyard"
)

// secrets are texts by which well-known services mark theirs.
var secrets = []*regexp.Regexp{
	regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`),
	regexp.MustCompile(`\b[rs]k_(live|test)_[0-9A-Za-z]{10,}`),                           // Stripe
	regexp.MustCompile(`\bxox[a-z]-[0-9A-Za-z-]{10,}`),                                   // Slack
	regexp.MustCompile(`\bxapp-[0-9A-Za-z-]{10,}`),                                       // Slack
	regexp.MustCompile(`\bgh[oprsu]_[0-9A-Za-z]{20,}`),                                   // GitHub
	regexp.MustCompile(`\bgithub_pat_[0-9A-Za-z_]{20,}`),                                 // GitHub
	regexp.MustCompile(`\bglpat-[0-9A-Za-z_-]{20,}`),                                     // GitLab
	regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b`),                                    // AWS
	regexp.MustCompile(`\bAIza[0-9A-Za-z_-]{35}`),                                        // Google
	regexp.MustCompile(`\bya29\.[0-9A-Za-z_-]{20,}`),                                     // Google
	regexp.MustCompile(`\b1000\.[0-9a-f]{32}\.[0-9a-f]{32}\b`),                           // Zoho
	regexp.MustCompile(`\bSG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}`),                   // SendGrid
	regexp.MustCompile(`\bshp(at|ca|pa|ss)_[0-9a-fA-F]{20,}`),                            // Shopify
	regexp.MustCompile(`\bsk-[0-9A-Za-z_-]{20,}`),                                        // OpenAI, Anthropic
	regexp.MustCompile(`\bpat-[a-z0-9]+-[0-9a-f]{8}-[0-9a-f-]{20,}`),                     // HubSpot
	regexp.MustCompile(`\blyd_[0-9A-Za-z]{20,}`),                                         // Lanyard's own
	regexp.MustCompile(`\beyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{5,}`), // a JSON Web Token
	regexp.MustCompile(`(?i)\b(bearer|basic) [0-9A-Za-z+/=._~-]{16,}`),                   // a whole Authorization header
}

// named is a text behind a name that says what it is: key = "…", "password": "…", put("token", "…"), &secret=….
var named = regexp.MustCompile(`(?i)(key|secret|token|passw(?:or)?d|pwd)\w*["']?\s*[:=,]\s*["']?([0-9A-Za-z+/=_-]{20,})`)

// Warnings gives each place of a script that looks like a secret: everybody in the organization can read scripts. What
// is in order to be saved is not judged by it. Lines and columns count from 1, columns in characters.
func Warnings(source string) []lanyard.ScriptProblem {
	var found []lanyard.ScriptProblem
	line := 0
	for text := range strings.Lines(source) {
		line++
		if at := secretIn(text); at >= 0 {
			found = append(found, lanyard.ScriptProblem{Line: line, Column: utf8.RuneCountInString(text[:at]) + 1,
				Message: "This looks like a password or key, which everybody in the organization can read here: keep it in a connection instead."})
		}
	}
	return found
}

// secretIn is where a line holds what looks like a secret; -1 when nowhere.
func secretIn(line string) int {
	for _, s := range secrets {
		if at := s.FindStringIndex(line); at != nil {
			return at[0]
		}
	}
	for _, at := range named.FindAllStringSubmatchIndex(line, -1) {
		if value := line[at[4]:at[5]]; strings.ContainsAny(value, "0123456789") && strings.ContainsFunc(value, letter) {
			return at[4]
		}
	}
	return -1
}

func letter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
