package importer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/definitions"
)

// Command is a curl command as it was understood, without its credential.
type Command struct {
	Call  Call
	Notes []string // what is not taken over or not obeyed, each a sentence
	// Candidates are what may be the credential. The likely ones come first; where there is none, every header and
	// parameter is one.
	Candidates []Candidate

	host    string
	baseURL string
	hosts   []string
}

// Candidate is one thing of a command that may be the credential.
type Candidate struct {
	Words  string // what it is: "the header Authorization, with the prefix Bearer"
	Likely bool   // by its name or place
	Auth   lanyard.Auth
	// Values are what the command gave, by the credential fields of a service that authenticates so. A variable of the
	// shell is no value.
	Values map[string]lanyard.Secret

	header, parameter string // the part of the call that goes when this is the credential
}

// Call is a first call through the connection.
type Call struct {
	Method      string
	URL         string // a path below the base URL, with its query
	Headers     []Pair
	Parameters  []Pair // of a form
	Body        string
	ContentType string
}

// Pair is a name and its value.
type Pair struct{ Name, Value string }

// secretNames is how a header or parameter is called that holds a credential.
var secretNames = regexp.MustCompile(`(?i)^(x-)?(.*[-_.])?(api[-_.]?key|apikey|auth[-_.]?key|access[-_.]?key|secret[-_.]?key|app[-_.]?key|application[-_.]?key|subscription[-_.]?key|private[-_.]?key|api[-_.]?token|access[-_.]?token|auth[-_.]?token|id[-_.]?token|refresh[-_.]?token|token|secret|api[-_.]?secret|client[-_.]?secret|password|passwd|appid|key|authorization|signature|sig|auth)$`)

// notCredentials have such a name and hold something else.
var notCredentials = []string{"idempotency-key", "x-idempotency-key", "x-csrf-token", "x-xsrf-token", "csrf-token", "x-request-key", "sort_key", "page_token", "next_token", "nexttoken", "pagetoken", "sync_token", "continuation_token"}

func secretName(name string) bool {
	return secretNames.MatchString(name) && !slices.Contains(notCredentials, strings.ToLower(name))
}

// ofBrowsers are headers that browsers add to what they copy. They say nothing about the API.
var ofBrowsers = []string{"accept-encoding", "accept-language", "user-agent", "referer", "origin", "connection", "dnt", "priority", "pragma", "cache-control", "te", "upgrade-insecure-requests", "host", "content-length", "if-none-match", "if-modified-since", "x-csrf-token", "x-xsrf-token", "csrf-token"}

// The flags of curl. A flag with a value takes the next word, or what stands behind it.
var (
	curlShort = map[byte]string{
		'X': "--request", 'H': "--header", 'u': "--user", 'd': "--data", 'F': "--form", 'G': "--get", 'b': "--cookie", 'A': "--user-agent", 'e': "--referer",
		'I': "--head", 'T': "--upload-file", 'k': "--insecure", 'L': "--location", 'o': "--output", 'c': "--cookie-jar", 'x': "--proxy", 'm': "--max-time", 'w': "--write-out",
		'K': "--config", 'E': "--cert", 'r': "--range", 'U': "--proxy-user", 'y': "--speed-time", 'Y': "--speed-limit", 'z': "--time-cond", 'D': "--dump-header", 'C': "--continue-at",
	}
	curlValues = []string{
		"--request", "--header", "--user", "--data", "--data-raw", "--data-ascii", "--data-binary", "--data-urlencode", "--json", "--form", "--form-string", "--cookie", "--user-agent", "--referer",
		"--url", "--url-query", "--upload-file", "--output", "--cookie-jar", "--proxy", "--max-time", "--write-out", "--config", "--cert", "--key", "--cacert", "--capath", "--pass", "--range", "--proxy-user",
		"--speed-time", "--speed-limit", "--time-cond", "--dump-header", "--continue-at", "--connect-timeout", "--retry", "--retry-delay", "--retry-max-time", "--resolve", "--connect-to", "--ciphers",
		"--tls-max", "--max-redirs", "--limit-rate", "--interface", "--oauth2-bearer", "--aws-sigv4", "--unix-socket", "--dns-servers", "--noproxy", "--trace", "--trace-ascii", "--stderr", "--cert-type", "--key-type",
		"--max-filesize", "--output-dir", "--proto", "--keepalive-time",
	}
	curlPlain = []string{
		"--get", "--head", "--insecure", "--location", "--location-trusted", "--compressed", "--silent", "--show-error", "--fail", "--fail-with-body", "--verbose", "--include", "--globoff", "--http1.0", "--http1.1", "--http2", "--http3",
		"--http2-prior-knowledge", "--basic", "--digest", "--ntlm", "--negotiate", "--anyauth", "--no-buffer", "--remote-name", "--remote-header-name", "--progress-bar", "--ipv4", "--ipv6", "--tlsv1.2", "--tlsv1.3", "--tlsv1", "--ssl-reqd",
		"--netrc", "--path-as-is", "--no-progress-meter", "--tcp-nodelay", "--raw", "--styled-output", "--no-keepalive", "--create-dirs", "--remove-on-error", "--post301", "--post302", "--post303", "--next", "--parallel", "--disable",
	}
	curlShortPlain = "sSfvigNOJ#4601230ZnqRVjaBlMtQP"
)

// reader reads the flags of a command.
type reader struct {
	Command
	methods, urls, data []string
	json, get, form     bool
	head, upload        bool
	insecure            bool
	fields              []Pair
	query               []string
	headers             []Pair
	user, bearer        *string
	cookies, client     bool
	ignored             []string
}

// ParseCurl reads a curl command, as browsers copy it and API documentations have it. Nothing is run. An error is for
// the person who pasted it; it repeats nothing of the command but names of flags.
func ParseCurl(command string, c *catalog.Catalog) (*Command, error) {
	list, err := words(command)
	if err != nil {
		return nil, invalid("%v", err)
	}
	return ParseArguments(list, c)
}

// ParseArguments is [ParseCurl] for a command that a shell has divided already.
func ParseArguments(list []string, c *catalog.Catalog) (*Command, error) {
	if len(list) > 0 && slices.Contains([]string{"curl", "curl.exe"}, strings.ToLower(list[0])) {
		list = list[1:]
	}
	r := &reader{}
	if err := r.flags(list); err != nil {
		return nil, invalid("%v", err)
	}
	if err := r.call(); err != nil {
		return nil, invalid("%v", err)
	}
	if c == nil {
		c = catalog.Default()
	}
	if ways := known(c, r.host); len(ways) > 0 {
		r.note("The host %s belongs to a default service: %s. A connection with that may be what you want.", r.host, strings.Join(ways[:min(len(ways), 3)], ", "))
	}
	return &r.Command, nil
}

func (r *reader) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(r.Notes, n) {
		r.Notes = append(r.Notes, n)
	}
}

// flags reads the words behind curl.
func (r *reader) flags(list []string) error {
	plain := false // after --
	for i := 0; i < len(list); i++ {
		word := list[i]
		next := func() (string, error) {
			if i++; i >= len(list) {
				return "", fmt.Errorf("the value of %s is missing", shown(word))
			}
			return list[i], nil
		}
		switch {
		case plain || !strings.HasPrefix(word, "-") || word == "-":
			r.urls = append(r.urls, word)
		case word == "--":
			plain = true
		case strings.HasPrefix(word, "--"):
			switch {
			case slices.Contains(curlValues, word):
				value, err := next()
				if err != nil {
					return err
				}
				if err := r.flag(word, value); err != nil {
					return err
				}
			case slices.Contains(curlPlain, word) || strings.HasPrefix(word, "--no-"):
				if err := r.flag(word, ""); err != nil {
					return err
				}
			default:
				flag, _, _ := strings.Cut(word, "=") // what stands behind it, where curl wants a space, may be the credential
				return fmt.Errorf("the flag %s is not one of curl's that are known here", shown(strings.ReplaceAll(flag, variable, "$")))
			}
		default:
			for j := 1; j < len(word); j++ {
				long, ok := curlShort[word[j]]
				if !ok {
					if strings.IndexByte(curlShortPlain, word[j]) < 0 {
						return fmt.Errorf("the flag -%s is not one of curl's that are known here", shown(word[j:j+1]))
					}
					continue
				}
				value := ""
				if slices.Contains(curlValues, long) {
					if value = word[j+1:]; value == "" {
						var err error
						if value, err = next(); err != nil {
							return err
						}
					}
					j = len(word)
				}
				if err := r.flag(long, value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// flag takes one flag with its value.
func (r *reader) flag(name, value string) error {
	switch name {
	case "--request":
		r.methods = append(r.methods, value)
	case "--url":
		r.urls = append(r.urls, value)
	case "--url-query":
		r.query = append(r.query, encoded(value))
	case "--header":
		if strings.HasPrefix(value, "@") {
			r.note("Headers from a file are not taken over: the file is not here.")
			return nil
		}
		before, after, ok := strings.Cut(value, ":")
		if !ok {
			if before, _, ok = strings.Cut(value, ";"); !ok { // curl sends such a header empty
				return errors.New("a header is written as a name, a colon and a value")
			}
		}
		r.headers = append(r.headers, Pair{strings.TrimSpace(before), strings.TrimSpace(after)})
	case "--user":
		r.user = &value
	case "--oauth2-bearer":
		r.bearer = &value
	case "--data", "--data-ascii", "--data-binary":
		if strings.HasPrefix(value, "@") {
			r.note("The body is read from a file, which is not here: write it into the call.")
			r.data = append(r.data, "")
			return nil
		}
		r.data = append(r.data, value)
	case "--data-raw":
		r.data = append(r.data, value)
	case "--data-urlencode":
		r.data = append(r.data, encoded(value))
	case "--json":
		r.json = true
		r.data = append(r.data, value)
	case "--form", "--form-string":
		field, content, ok := strings.Cut(value, "=")
		if !ok {
			return errors.New("a field of a form is written as a name, = and a value")
		}
		r.form = true
		if name == "--form" {
			if strings.HasPrefix(content, "@") || strings.HasPrefix(content, "<") {
				r.note("A file of the form is not taken over: it is not here.")
				return nil
			}
			content, _, _ = strings.Cut(content, ";type=")
		}
		r.fields = append(r.fields, Pair{field, content})
	case "--get":
		r.get = true
	case "--head":
		r.head = true
	case "--upload-file":
		r.upload = true
		r.note("The file that is uploaded is not here: write the body into the call.")
	case "--cookie":
		r.cookies = true
	case "--insecure":
		r.insecure = true
	case "--cert", "--key", "--pass":
		r.client = true
	case "--digest", "--ntlm", "--negotiate", "--anyauth":
		return fmt.Errorf("the authentication of %s is not one that Lanyard knows", name)
	case "--aws-sigv4":
		return errors.New("requests to AWS are signed: make a connection with one of the default services of AWS, or a custom service of the type AWS Signature")
	case "--next":
		return errors.New("the command makes several requests (--next): paste one of them")
	case "--config", "--netrc":
		r.note("What %s reads is not here: add it by hand.", name)
	default:
		if name != "--compressed" && name != "--silent" && name != "--show-error" {
			r.ignored = append(r.ignored, name)
		}
	}
	return nil
}

// encoded is what curl makes of the value of --data-urlencode.
func encoded(value string) string {
	if before, after, ok := strings.Cut(value, "="); ok {
		if before == "" {
			return url.QueryEscape(after)
		}
		return before + "=" + url.QueryEscape(after)
	}
	return url.QueryEscape(value)
}

// call makes the call of what the flags said, and takes out what may be the credential.
func (r *reader) call() error {
	switch {
	case len(r.urls) == 0:
		return errors.New("the command has no URL")
	case len(r.urls) > 1:
		return errors.New("the command has several URLs: paste one with one of them")
	}
	if err := r.address(r.urls[0]); err != nil {
		return err
	}
	if err := r.readHeaders(); err != nil {
		return err
	}
	r.userAndBearer()
	if err := r.content(); err != nil {
		return err
	}
	if r.cookies {
		r.note("Cookies are not taken over: they belong to somebody's session in a browser, and end with it. Use an API key or a token of the service.")
	}
	if r.insecure {
		r.note("-k is not obeyed: certificates are always checked.")
	}
	if r.client {
		r.note("A client certificate is not taken over: Lanyard has none to show.")
	}
	if len(r.ignored) > 0 {
		slices.Sort(r.ignored)
		r.note("What these say has no meaning here: %s.", strings.Join(slices.Compact(r.ignored), ", "))
	}
	return r.finish()
}

// address reads the URL: the base, the path, and the parameters of the query.
func (r *reader) address(raw string) error {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw // as curl reads it
		if host, _, _ := strings.Cut(raw[len("http://"):], "/"); !loopback(strings.Split(host, ":")[0]) {
			raw = "https" + raw[len("http"):]
		}
	}
	if i := strings.Index(raw, "@"); i >= 0 && !strings.ContainsAny(raw[strings.Index(raw, "://")+3:i], "/?#") {
		begin := strings.Index(raw, "://") + 3
		user, err := url.PathUnescape(raw[begin:i])
		if err != nil {
			return errors.New("the user name in the URL cannot be read")
		}
		if r.user == nil {
			r.user = &user
		}
		raw = raw[:begin] + raw[i+1:]
	}
	if host, _, _ := strings.Cut(raw[strings.Index(raw, "://")+3:], "/"); strings.Contains(host, variable) {
		return errors.New("the host is a variable of the shell: write the host itself")
	}
	raw = strings.NewReplacer(" ", "%20", "\n", "%0A", "\t", "%09").Replace(plain(raw))
	u, target, err := lanyard.ParseURL(raw)
	if err != nil {
		return fmt.Errorf("the URL cannot be used: %w", err)
	}
	query, path := u.RawQuery, u.EscapedPath()
	var notes []string
	if r.baseURL, r.hosts, notes, err = base(u.Scheme + "://" + u.Host); err != nil {
		return fmt.Errorf("the URL cannot be used: %w", err)
	}
	r.Notes = append(r.Notes, notes...)
	r.host = target.Host
	if m := keyInPath.FindStringSubmatch(path); m != nil { // Telegram, and those who did as it does
		r.candidate(Candidate{Words: "the path's first part, behind bot", Likely: true, Values: values("key", m[1]), Auth: apiKey("key", "Bot token", lanyard.ParamPath, "bot")})
		path = path[len(m[0])-len(m[2]):]
	}
	if path == "" {
		path = "/"
	}
	r.Call.URL = path
	if query != "" {
		r.query = append([]string{query}, r.query...)
	}
	return nil
}

var keyInPath = regexp.MustCompile(`^/bot([0-9]{5,}(?::|%3A)[A-Za-z0-9_-]{20,})(/.*|$)`)

// plain writes a variable as a shell does. It is not filled in.
func plain(text string) string {
	parts := strings.Split(text, variable)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "$" + parts[i]
	}
	return strings.Join(parts, "")
}

// values is a credential field and the value that the command gave; none where that is a variable.
func values(field, value string) map[string]lanyard.Secret {
	if value == "" || strings.Contains(value, variable) {
		return nil
	}
	return map[string]lanyard.Secret{field: lanyard.NewSecret(value)}
}

func apiKey(field, display string, in lanyard.ParamType, prefix string) lanyard.Auth {
	return lanyard.Auth{Type: lanyard.AuthAPIKey, APIKey: &lanyard.APIKeyAuth{Parameters: []lanyard.APIKeyParameter{
		{Name: field, DisplayName: name(display, "Key"), ParamType: in, Prefix: prefix}}}}
}

func (r *reader) candidate(c Candidate) { r.Candidates = append(r.Candidates, c) }

func (r *reader) readHeaders() error {
	var browsers bool
	for _, h := range r.headers {
		lower := strings.ToLower(plain(h.Name))
		if err := lanyard.CheckHeaderName(plain(h.Name)); err != nil {
			return errors.New("a header's name cannot be used")
		}
		switch {
		case lower == "cookie":
			r.cookies = true
		case lower == "authorization" || lower == "proxy-authorization":
			if lower[0] == 'p' {
				continue
			}
			r.authorization(h)
		case lower == "content-type":
			r.Call.ContentType = plain(h.Value)
		case slices.Contains(ofBrowsers, lower) || strings.HasPrefix(lower, "sec-"):
			browsers = true
		case secretName(lower):
			r.secretHeader(h)
		default:
			r.Call.Headers = append(r.Call.Headers, h)
		}
	}
	if browsers {
		r.note("Headers that only browsers need were left out.")
	}
	return nil
}

// authorization reads the header of that name: a scheme and a token, or a key alone.
func (r *reader) authorization(h Pair) {
	scheme, token, two := strings.Cut(h.Value, " ")
	token = strings.TrimSpace(token)
	switch {
	case two && strings.EqualFold(scheme, "Basic"):
		decoded, err := base64.StdEncoding.DecodeString(token)
		pair := string(decoded)
		if err != nil || !strings.Contains(pair, ":") {
			pair = ""
		}
		r.basic(pair)
	case two && (strings.EqualFold(scheme, "Digest") || strings.EqualFold(scheme, "OAuth") && strings.Contains(token, "oauth_") || strings.HasPrefix(scheme, "AWS4-")):
		r.note("The header Authorization has a signature, %s, which is good for this one request: make a service by hand that signs.", shown(scheme))
	case two && !strings.ContainsAny(scheme, "\"',;"+variable) && len(scheme) < 40:
		if strings.EqualFold(scheme, "Bearer") {
			scheme = "Bearer"
		}
		prefix := scheme + " "
		if rest, ok := strings.CutPrefix(token, "token="); ok { // PagerDuty
			prefix, token = prefix+"token=", strings.Trim(rest, `"`)
		}
		r.candidate(Candidate{Words: "the header Authorization, with the prefix " + strings.TrimSpace(prefix), Likely: true, header: h.Name,
			Auth: apiKey("Authorization", "Token", lanyard.ParamHeader, prefix), Values: values("Authorization", token)})
	default:
		r.candidate(Candidate{Words: "the header Authorization", Likely: true, header: h.Name, Auth: apiKey("Authorization", "Token", lanyard.ParamHeader, ""), Values: values("Authorization", h.Value)})
	}
}

func (r *reader) secretHeader(h Pair) {
	value, prefix := h.Value, ""
	if scheme, token, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "Bearer") {
		value, prefix = strings.TrimSpace(token), scheme+" "
	}
	r.candidate(Candidate{Words: "the header " + plain(h.Name), Likely: true, header: h.Name, Auth: apiKey(plain(h.Name), plain(h.Name), lanyard.ParamHeader, prefix), Values: values(plain(h.Name), value)})
}

// basic offers a user name and a password.
func (r *reader) basic(pair string) {
	user, password, _ := strings.Cut(pair, ":")
	c := Candidate{Words: "user name and password (Basic)", Likely: true, Auth: lanyard.Auth{Type: lanyard.AuthBasic, Basic: &lanyard.BasicAuth{}}, Values: map[string]lanyard.Secret{}}
	empty := ""
	switch {
	case pair == "":
	case password == "": // a key as the user name, as Stripe has it
		c.Words = "a key as the user name (Basic), without a password"
		c.Auth.Basic = &lanyard.BasicAuth{Username: &lanyard.BasicPart{DisplayName: "API key", Secret: true}, Password: &lanyard.BasicPart{Fixed: &empty}}
		if !strings.Contains(user, variable) {
			c.Values["username"] = lanyard.NewSecret(user)
		}
	default:
		if !strings.Contains(user, variable) && user != "" {
			c.Values["username"] = lanyard.NewSecret(user)
		}
		if !strings.Contains(password, variable) {
			c.Values["password"] = lanyard.NewSecret(password)
		}
	}
	r.candidate(c)
}

func (r *reader) userAndBearer() {
	if r.user != nil {
		r.basic(*r.user)
	}
	if r.bearer != nil {
		r.authorization(Pair{"Authorization", "Bearer " + *r.bearer})
	}
}

// content reads the query, the body and the method.
func (r *reader) content() error {
	if r.get {
		r.query, r.data = append(r.query, r.data...), nil
	}
	var rest []string
	for _, p := range pairs(strings.Join(r.query, "&")) {
		if secretName(plain(p.Name)) {
			r.parameter(p, lanyard.ParamQuery)
			continue
		}
		rest = append(rest, url.QueryEscape(plain(p.Name))+"="+url.QueryEscape(p.Value))
	}
	if len(rest) > 0 {
		r.Call.URL += "?" + strings.Join(rest, "&")
	}
	r.body()
	r.Call.Method = "GET"
	switch {
	case r.upload:
		r.Call.Method = "PUT"
	case len(r.data) > 0 || r.form:
		r.Call.Method = "POST"
	case r.head:
		r.Call.Method = "HEAD"
	}
	if len(r.methods) > 0 {
		r.Call.Method = strings.ToUpper(r.methods[len(r.methods)-1])
	}
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}, r.Call.Method) {
		return errors.New("the method is not one of GET, POST, PUT, PATCH, DELETE, HEAD and OPTIONS")
	}
	return nil
}

func (r *reader) body() {
	if r.form {
		r.fill(r.fields)
		r.note("The form is sent form-encoded, not as multipart.")
		return
	}
	if len(r.data) == 0 {
		return
	}
	if r.json {
		if r.Call.ContentType == "" {
			r.Call.ContentType = "application/json"
		}
		r.Call.Body = r.withoutSecrets(strings.Join(r.data, ""))
		return
	}
	body := strings.Join(r.data, "&")
	media := strings.ToLower(r.Call.ContentType)
	trimmed := strings.TrimSpace(body)
	isJSON := strings.Contains(media, "json") || strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[")
	switch {
	case isJSON && !strings.Contains(media, "form"):
		if media == "" {
			r.Call.ContentType = "application/json"
		}
		r.Call.Body = r.withoutSecrets(body)
	case media == "" || strings.Contains(media, "x-www-form-urlencoded"):
		r.Call.ContentType = ""
		r.fill(pairs(body))
	default:
		r.Call.Body = plain(body)
	}
}

// withoutSecrets empties what looks like a credential in a JSON body. Lanyard places none there.
func (r *reader) withoutSecrets(body string) string {
	body = plain(body)
	members := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(body), &members) != nil {
		return body
	}
	found := false
	for member := range members {
		if secretName(member) {
			members[member], found = json.RawMessage(`""`), true
			r.note("The body has %s, which looks like a credential. Lanyard puts none into JSON, so it was emptied.", shown(member))
		}
	}
	if !found {
		return body
	}
	text, err := json.Marshal(members)
	if err != nil {
		return ""
	}
	return string(text)
}

// fill takes the fields of a form.
func (r *reader) fill(fields []Pair) {
	for _, p := range fields {
		if secretName(plain(p.Name)) {
			r.parameter(p, lanyard.ParamForm)
			continue
		}
		r.Call.Parameters = append(r.Call.Parameters, Pair{plain(p.Name), p.Value})
	}
}

func (r *reader) parameter(p Pair, in lanyard.ParamType) {
	where := "the query parameter "
	if in == lanyard.ParamForm {
		where = "the form field "
	}
	r.candidate(Candidate{Words: where + shown(plain(p.Name)), Likely: true, parameter: p.Name, Auth: apiKey(plain(p.Name), plain(p.Name), in, ""), Values: values(plain(p.Name), p.Value)})
}

// pairs reads a query or a form-encoded body, in its order.
func pairs(text string) []Pair {
	var list []Pair
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		before, after, _ := strings.Cut(part, "=")
		decode := func(s string) string {
			if d, err := url.QueryUnescape(s); err == nil {
				return d
			}
			return s
		}
		list = append(list, Pair{decode(before), decode(after)})
	}
	return list
}

// finish offers what is there where nothing looks like a credential, and refuses variables elsewhere.
func (r *reader) finish() error {
	for i := range r.Call.Headers {
		r.Call.Headers[i].Name = plain(r.Call.Headers[i].Name)
	}
	if len(r.Candidates) == 0 {
		for _, h := range r.Call.Headers {
			if strings.EqualFold(h.Name, "accept") {
				continue
			}
			r.candidate(Candidate{Words: "the header " + h.Name, header: h.Name, Auth: apiKey(h.Name, h.Name, lanyard.ParamHeader, ""), Values: values(h.Name, h.Value)})
		}
		path, query, _ := strings.Cut(r.Call.URL, "?")
		_ = path
		for _, p := range pairs(query) {
			r.candidate(Candidate{Words: "the query parameter " + shown(p.Name), parameter: p.Name, Auth: apiKey(p.Name, p.Name, lanyard.ParamQuery, ""), Values: values(p.Name, p.Value)})
		}
	}
	for i := range r.Call.Headers {
		r.Call.Headers[i].Value = plain(r.Call.Headers[i].Value)
	}
	for i := range r.Call.Parameters {
		r.Call.Parameters[i].Value = plain(r.Call.Parameters[i].Value)
	}
	r.Call.URL = strings.ReplaceAll(r.Call.URL, url.QueryEscape(variable), "")
	if len(r.Candidates) == 0 {
		return errors.New("no credential was found in the command, and a service is for calling with one. Cookies do not count. Paste a command that has the key or token")
	}
	r.Candidates = slices.CompactFunc(r.Candidates, func(a, b Candidate) bool { return a.Words == b.Words })
	if keys := r.keys(); len(keys.Values) > 0 && len(keys.Auth.APIKey.Parameters) > 1 {
		r.candidate(keys)
	}
	return nil
}

// keys is all likely keys together: some services want two.
func (r *reader) keys() Candidate {
	all := Candidate{Likely: true, Values: map[string]lanyard.Secret{}, Auth: lanyard.Auth{Type: lanyard.AuthAPIKey, APIKey: &lanyard.APIKeyAuth{}}}
	var said []string
	seen := map[string]bool{}
	for _, c := range r.Candidates {
		if !c.Likely || c.Auth.APIKey == nil {
			continue
		}
		p := c.Auth.APIKey.Parameters[0]
		if seen[strings.ToLower(p.Name)] {
			continue
		}
		seen[strings.ToLower(p.Name)] = true
		all.Auth.APIKey.Parameters = append(all.Auth.APIKey.Parameters, p)
		for field, value := range c.Values {
			all.Values[field] = value
		}
		said = append(said, c.Words)
	}
	all.Words = "all of them: " + strings.Join(said, ", ")
	return all
}

// Service is the custom service that the command was for, with one of the candidates as its credential. A name or link
// name that is empty is made of the host.
func (c *Command) Service(chosen int, serviceName, linkName string, own *catalog.Catalog) (*lanyard.Service, error) {
	if chosen < 0 || chosen >= len(c.Candidates) {
		return nil, invalid("the command has no such credential: choose one of those that are listed")
	}
	if serviceName == "" {
		serviceName = name(hostName(c.host), "Service")
	}
	link := lanyard.LinkName(linkName)
	if link == "" {
		link = newBuilder(KindCurl, Options{Catalog: own}).serviceLink(serviceName, "service")
	}
	return &lanyard.Service{Kind: lanyard.KindCustom, LinkName: link, Name: serviceName, BaseURL: c.baseURL, Hosts: c.hosts, Auth: c.Candidates[chosen].Auth}, nil
}

// FirstCall is the call of the command without the chosen credential. Whatever else looks like one is not in it either.
func (c *Command) FirstCall(chosen int) Call {
	call := c.Call
	if chosen < 0 || chosen >= len(c.Candidates) || c.Candidates[chosen].Likely {
		return call
	}
	one := c.Candidates[chosen]
	call.Headers = slices.DeleteFunc(slices.Clone(call.Headers), func(h Pair) bool { return h.Name == one.header })
	if one.parameter != "" {
		path, query, _ := strings.Cut(call.URL, "?")
		var rest []string
		for _, p := range pairs(query) {
			if p.Name != one.parameter {
				rest = append(rest, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value))
			}
		}
		if call.URL = path; len(rest) > 0 {
			call.URL += "?" + strings.Join(rest, "&")
		}
	}
	return call
}

// Document is the service and a connection with it, as a document.
func (c *Command) Document(s *lanyard.Service) (*definitions.Document, error) {
	definition, err := Definition(s)
	if err != nil {
		return nil, err
	}
	return &definitions.Document{Format: definitions.Format, Services: []definitions.Service{{Definition: definition}},
		Connections: []definitions.Connection{{LinkName: s.LinkName, Name: s.Name, Service: s.LinkName}}}, nil
}
