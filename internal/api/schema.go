package api

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lanyard"
	"lanyard/internal/definitions"
	"lanyard/internal/invoke"
	"lanyard/internal/registry"
)

// The nouns of the root package write and read their own JSON, so what it looks like is said here, field by field. Each
// schema is compared with the Go type it describes when the API is made: a field that one has and the other has not is
// a bug, and the program does not start.

const schemaPrefix = "#/components/schemas/"

type properties map[string]*huma.Schema

// object describes a Go struct. Fields are named as they are in JSON; those of extra are added beside the struct's own.
func object(t reflect.Type, own, extra properties, required ...string) *huma.Schema {
	declared := map[string]bool{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "-" && name != "" {
			declared[name] = true
		}
	}
	if names := slices.Sorted(maps.Keys(declared)); !slices.Equal(names, slices.Sorted(maps.Keys(own))) {
		panic(fmt.Sprintf("api: the schema of %s has the fields %v, and the type %v", t, slices.Sorted(maps.Keys(own)), names))
	}
	all := maps.Clone(own)
	maps.Copy(all, extra)
	return &huma.Schema{Type: huma.TypeObject, Properties: all, Required: required, AdditionalProperties: false}
}

func text(doc string, examples ...string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: doc}
	for _, e := range examples {
		s.Examples = append(s.Examples, e)
	}
	return s
}

func oneOf[T ~string](doc string, values ...T) *huma.Schema {
	s := text(doc)
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	return s
}

func flag(doc string, standard bool) *huma.Schema {
	return &huma.Schema{Type: huma.TypeBoolean, Description: doc, Default: standard}
}

func number(doc string, least float64) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Description: doc, Minimum: &least}
}

func listOf(items *huma.Schema, doc string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: items, Description: doc}
}

func mapOf(values *huma.Schema, doc string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: values, Description: doc}
}

func ref(name string) *huma.Schema { return &huma.Schema{Ref: schemaPrefix + name} }

func readOnly(s *huma.Schema) *huma.Schema  { s.ReadOnly = true; return s }
func writeOnly(s *huma.Schema) *huma.Schema { s.WriteOnly = true; return s }

// defineSchemas puts the schemas of what the root package and package invoke encode into the document.
func defineSchemas(r huma.Registry) {
	r.RegisterTypeAlias(reflect.TypeFor[lanyard.Secret](), reflect.TypeFor[string]())
	add := func(name string, s *huma.Schema) {
		s.Title = name
		s.PrecomputeMessages()
		r.Map()[name] = s
	}
	scope := object(reflect.TypeFor[lanyard.Scope](), properties{
		"name":   text("Shown to people; the value when left out", "Read"),
		"value":  text("As the provider spells it", "read"),
		"always": flag("Whether every connection asks for it, because nothing works or is refreshed without it", false),
		"param":  text("The parameter of the authorize URL that it goes into, where that is not `scope`", "user_scope"),
	}, nil, "value")
	add("Scope", scope)
	add("NewScope", &huma.Schema{OneOf: []*huma.Schema{text("The value, which is its name too", "read"), scope}, Description: "A permission: a text, or a value with a name"})
	add("APIKeyParameter", object(reflect.TypeFor[lanyard.APIKeyParameter](), properties{
		"name":         text("The parameter's actual name, as the service's documentation has it", "X-Api-Key"),
		"display_name": text("Shown to people when they connect; the name when left out", "API key"),
		"param_type":   oneOf("Where the value goes on a request; `path` is a segment in front of the path", lanyard.ParamHeader, lanyard.ParamQuery, lanyard.ParamForm, lanyard.ParamPath),
		"prefix":       text("Put before the value; may hold placeholders", "Bearer "),
	}, nil, "name", "param_type"))
	add("Choice", &huma.Schema{OneOf: []*huma.Schema{
		text("The value", "eu"),
		{Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"value"}, Properties: properties{
			"value": text("The value", "eu"), "name": text("Shown to people; the value when left out", "Europe"),
		}},
	}, Description: "One of the values that a dynamic parameter may have: a text, or a value with a name"})
	add("DynamicParameter", object(reflect.TypeFor[lanyard.DynamicParameter](), properties{
		"key":         text("The name between the braces of a placeholder", "domain"),
		"name":        text("Shown to people; the key when left out", "Your Acme domain"),
		"format":      oneOf("`host` lets a value be a whole host name where it stands in one; otherwise it is a single label", lanyard.FormatLabel, lanyard.FormatHost),
		"choices":     listOf(ref("Choice"), "The only values allowed"),
		"pattern":     text("A regular expression (RE2) that the whole value matches", "[a-z0-9-]+"),
		"help":        text("A sentence for the person who fills it in"),
		"default":     text("The value when none is given"),
		"example":     text("Shown where the value is typed in", "acme"),
		"secret":      flag("Whether it is typed like a password and never shown again. Such a one stands in headers and prefixes, never in a URL", false),
		"optional":    flag("Whether it may be left out; the header that it stands in is left out with it", false),
		"follows":     text("The key of a parameter with choices that decides this one; nobody is asked for it", "dc"),
		"values":      mapOf(text("The value of this parameter"), "With `follows`: by the value of that one"),
		"with_client": flag("Of a default service: the value comes with the organization's OAuth client", false),
		"learn":       ref("Learn"),
	}, nil, "key"))
	add("Learn", object(reflect.TypeFor[lanyard.Learn](), properties{
		"from": oneOf("Where the provider says it: in the query that the browser brings back, in the answer of the token endpoint, or in an answer of its API", lanyard.LearnCallback, lanyard.LearnToken, lanyard.LearnLookup),
		"at":   text("The query parameter; or a path into the JSON answer, names and numbers divided by dots", "instance_url", "accounts.0.base_uri"),
		"url":  text("For lookup: asked with GET and the new credential", "https://acme.com/oauth/userinfo"),
		"take": text("`host` where the provider says a URL and its host is wanted", "host"),
		"map":  mapOf(text("The value"), "Turns what the provider says into the value; what is not listed is taken as it is"),
	}, nil, "from", "at"))
	add("BasicPart", object(reflect.TypeFor[lanyard.BasicPart](), properties{
		"display_name": text("What people are asked for", "API key"),
		"secret":       flag("Of a user name: whether it is one; a password always is", false),
		"fixed":        text("The same for everybody, often empty: nobody is asked", "X"),
		"prefix":       text("Put before what is typed; may hold placeholders"),
		"suffix":       text("Put after what is typed; may hold placeholders", "/token"),
	}, nil))
	add("TokenAnswer", object(reflect.TypeFor[lanyard.TokenAnswer](), properties{
		"access_token":  text("A path into the answer: names divided by dots", "data.access_token"),
		"refresh_token": text("A path into the answer", "data.refresh_token"),
		"expires_in":    text("A path into the answer", "data.expires_in"),
		"expires_unit":  oneOf("What that counts: seconds from now when left out", "", "milliseconds", "unix", "unix_milliseconds", "rfc3339"),
		"scope":         text("A path into the answer"),
		"token_types":   listOf(text("A type", "bot"), "Token types besides Bearer that go on a request the same way"),
	}, nil))
	defineAuth(add)
	defineServices(add)
	add("ConnectionPatch", object(reflect.TypeFor[registry.ConnectionInput](), properties{
		"name":                       patchOf(text("Shown to people; 1 to 50 characters", "Acme, production")),
		"link_name":                  patchOf(text("Never changes")),
		"service":                    patchOf(text("Never changes")),
		"scopes":                     patchOf(listOf(text("The value of a scope"), "What to ask for; a new scope needs consent again")),
		"use_login_user_credentials": patchOf(flag("Whether calls run with the acting user's own account", false)),
		"usable_by":                  patchOf(oneOf("Who may call through it: `organization` or `owner`", lanyard.UsableByOrganization, lanyard.UsableByOwner)),
	}, nil))
	add("UserPatch", &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: properties{
		"name":        patchOf(text("Shown to people; 1 to 50 characters", "The member")),
		"email":       patchOf(text("What the user signs in with; null takes it away where there is an external id", "member@zylker.example")),
		"role":        patchOf(text("One of `owner`, `admin` and `member`; nobody gives a role above their own", "admin")),
		"external_id": patchOf(text("The host application's own id for this person; null takes it away", "customer-4711")),
		"disabled":    patchOf(flag("Whether the user is shut out until this is false again", false)),
	}})
	add("FunctionPatch", &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: properties{
		"name":   text("For people; 1 to 50 characters", "Daily report"),
		"script": text("The source, at most 512 KiB"),
		"schedule": {Type: huma.TypeObject, AdditionalProperties: false, Nullable: true, Required: []string{"cron"}, Description: "When it runs by itself; null: it does not any more", Properties: properties{
			"cron": text("Five fields: minute, hour, day of the month, month, day of the week", "0 9 * * MON-FRI"),
			"zone": text("IANA name of the time zone; UTC when empty", "Europe/Berlin"),
		}},
		"version": {Type: huma.TypeInteger, Format: "int64", Description: "The version that was read, to be told when somebody else saved another one meanwhile"},
	}})
	defineInvoke(add)
}

// secretFields are the write-only secret of an auth type and the two fields that stand for it in answers. Those may be
// sent back, so that what was read can be edited and sent again; they change nothing.
func secretFields(name, doc string) properties {
	return properties{
		name:                  writeOnly(text(doc)),
		name + "_set":         readOnly(&huma.Schema{Type: huma.TypeBoolean, Description: "Whether a secret is stored"}),
		name + "_fingerprint": readOnly(text("A short name for the stored secret, to tell two apart; empty when none is set, and in lists", "3f9a01c2")),
	}
}

func defineAuth(add func(string, *huma.Schema)) {
	paramType := func(doc string, values ...lanyard.ParamType) *huma.Schema {
		s := oneOf(doc, values...)
		s.Default = string(lanyard.ParamHeader)
		return s
	}
	delimiter := oneOf("Between scopes in the authorize URL", " ", ",", "+", ";")
	delimiter.Default = " "
	signature := oneOf("How requests are signed (RFC 5849 section 3.4); for RSA-SHA1 the consumer secret is a private key in PEM",
		lanyard.HMACSHA1, lanyard.HMACSHA256, lanyard.RSASHA1, lanyard.PLAINTEXT)
	signature.Default = string(lanyard.HMACSHA1)

	variants := []struct {
		name     string
		authType lanyard.AuthType
		doc      string
		part     reflect.Type
		own      properties
		secret   properties
		required []string
	}{
		{"APIKeyAuth", lanyard.AuthAPIKey, "One or more values that the user gives when connecting", reflect.TypeFor[lanyard.APIKeyAuth](), properties{
			"parameters": listOf(ref("APIKeyParameter"), "What the user gives. Parameters can be edited and added later, but not deleted"),
		}, nil, []string{"parameters"}},
		{"BasicAuth", lanyard.AuthBasic, "User name and password, given when connecting (RFC 7617)", reflect.TypeFor[lanyard.BasicAuth](), properties{
			"username": ref("BasicPart"),
			"password": ref("BasicPart"),
		}, nil, nil},
		{"OAuth1Auth", lanyard.AuthOAuth1, "OAuth 1.0a (RFC 5849): consent in the browser", reflect.TypeFor[lanyard.OAuth1Auth](), properties{
			"consumer_key":      text("Given by the provider when the application was registered"),
			"request_token_url": text("Where a consent begins", "https://api.acme.com/oauth/request_token"),
			"authorize_url":     text("Where the browser goes", "https://acme.com/oauth/authorize"),
			"access_token_url":  text("Where the verifier is exchanged", "https://api.acme.com/oauth/access_token"),
			"param_type":        paramType("Where the OAuth parameters go on a request", lanyard.ParamHeader, lanyard.ParamQuery, lanyard.ParamForm),
			"signature_method":  signature,
			"realm":             text("The realm of the Authorization header (RFC 5849 section 3.5.1); may hold placeholders"),
		}, secretFields("consumer_secret", "Given by the provider; stored sealed and never shown again"),
			[]string{"consumer_key", "request_token_url", "authorize_url", "access_token_url"}},
		{"OAuth2Auth", lanyard.AuthOAuth2, "OAuth 2.0 (RFC 6749)", reflect.TypeFor[lanyard.OAuth2Auth](), properties{
			"grant_type":            oneOf("Consent in the browser, or the client's own credentials. Never changes", lanyard.AuthorizationCode, lanyard.ClientCredentials),
			"grant_type_name":       text("What the provider calls the grant in token requests", "account_credentials"),
			"pkce":                  flag("Use PKCE with S256 (RFC 7636)", true),
			"client_id":             text("Given by the provider when the application was registered"),
			"authorize_url":         text("Where the browser goes; required for authorization_code. A query of its own is kept", "https://acme.com/oauth/authorize?access_type=offline"),
			"access_token_url":      text("Where the code is exchanged", "https://api.acme.com/oauth/token"),
			"refresh_token_url":     text("Where tokens are refreshed; the access token URL when left out"),
			"revoke_token_url":      text("Where tokens are revoked (RFC 7009)"),
			"param_type":            paramType("Where the access token goes on a request", lanyard.ParamHeader, lanyard.ParamQuery),
			"token_name":            text("The header or query parameter of the access token: `Authorization` or `access_token` when left out"),
			"token_prefix":          text("Put before the token in a header; `Bearer ` when left out", "Bearer "),
			"scopes":                listOf(ref("NewScope"), "What a connection may ask for. Scopes can be added later, but neither edited nor deleted"),
			"scope_delimiter":       delimiter,
			"authorize_params":      mapOf(text("The value"), "Added to the authorize URL"),
			"token_params":          mapOf(text("The value"), "Added to the request that exchanges the code"),
			"refresh_params":        mapOf(text("The value"), "Added to the request that refreshes"),
			"client_authentication": oneOf("How the client proves itself at the token endpoint; found out when left out", lanyard.ClientAuthAutomatic, lanyard.ClientSecretBasic, lanyard.ClientSecretPost, lanyard.ClientSecretBasicRaw, lanyard.ClientAuthNone),
			"client_id_name":        text("What the provider calls `client_id`", "client_key"),
			"client_secret_name":    text("What the provider calls `client_secret`", "secret"),
			"code_name":             text("The query parameter of the callback that holds the code, where that is not `code`", "auth_code"),
			"token_code_name":       text("What the token request calls the code, where that is not `code`", "auth_code"),
			"redirect_uri":          text("Sent as `redirect_uri` where the provider takes a name that it gave, and not the callback URL; may hold placeholders", "{ru_name}"),
			"token_body":            oneOf("How token requests are sent; `form` when left out", "form", "json"),
			"token_answer":          ref("TokenAnswer"),
			"issuer":                text("When set, it must come back as `iss` with the code (RFC 9207)"),
			"default_expires_in":    number("The life of an access token in seconds, where the provider does not say", 0),
			"refresh_statuses":      listOf(&huma.Schema{Type: huma.TypeInteger}, "Statuses of the service that mean *refresh now*; 401 when left out"),
		}, secretFields("client_secret", "Given by the provider; stored sealed and never shown again"),
			[]string{"grant_type", "access_token_url"}},
		{"AWSSigV4Auth", lanyard.AuthAWSSigV4, "AWS Signature Version 4, in headers; access key and secret are given when connecting", reflect.TypeFor[lanyard.AWSSigV4Auth](), properties{
			"aws_service": text("The service's name in the signature", "s3"),
			"aws_region":  text("The region that receives the requests, or the placeholder of a dynamic parameter", "us-east-1", "{region}"),
		}, nil, []string{"aws_service", "aws_region"}},
	}
	union := &huma.Schema{
		Description:   "How the service authenticates. `type` says which of the forms it is; it never changes",
		Discriminator: &huma.Discriminator{PropertyName: "type", Mapping: map[string]string{}},
	}
	for _, v := range variants {
		extra := properties{"type": oneOf("Which of the forms this is", v.authType)}
		maps.Copy(extra, v.secret)
		s := object(v.part, v.own, extra, append([]string{"type"}, v.required...)...)
		s.Description = v.doc
		add(v.name, s)
		union.OneOf = append(union.OneOf, ref(v.name))
		union.Discriminator.Mapping[string(v.authType)] = schemaPrefix + v.name
	}
	add("Auth", union)

	// In a merge patch the type need not be named, so the fields of all forms are one set. Which of them belong to the
	// service's own type is judged when the patch has been applied.
	patch := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Properties: properties{},
		Description: "The fields to change, of those that the type of the service has",
	}
	for _, v := range variants {
		for _, set := range []properties{v.own, v.secret} {
			for name, s := range set {
				patch.Properties[name] = patchOf(s)
			}
		}
	}
	patch.Properties["type"] = patchOf(oneOf("Never changes", lanyard.AuthTypes...))
	add("AuthPatch", patch)
}

// patchOf gives the schema of a field in a merge patch (RFC 7396): null removes it. The values allowed can differ
// between forms, so they are not listed.
func patchOf(s *huma.Schema) *huma.Schema {
	p := *s
	p.Nullable, p.Enum, p.Default = true, nil, nil
	if values, ok := p.AdditionalProperties.(*huma.Schema); ok {
		p.AdditionalProperties = patchOf(values)
	}
	return &p
}

func defineServices(add func(string, *huma.Schema)) {
	definition := func() properties {
		return properties{
			"kind":               oneOf("Where it comes from: the catalogue, or a member of the organization", lanyard.KindDefault, lanyard.KindCustom),
			"link_name":          text("Names the service; a lower-case letter, then lower-case letters, digits and underscores, at most 50. Never changes", "acme"),
			"name":               text("Shown to people; 1 to 50 characters", "Acme"),
			"description":        text("What it is"),
			"category":           text("Groups services in lists"),
			"docs_url":           text("The documentation of the service's API", "https://developer.acme.com"),
			"base_url":           text("What a path given to invoke or the proxy is taken relative to", "https://{domain}.acme.com/api"),
			"hosts":              listOf(text("A host, `*.` for any name below one, or `*` for every host; an optional port", "*.acme.com"), "The hosts its credentials may be sent to; nothing is sent anywhere else"),
			"dynamic_parameters": listOf(ref("DynamicParameter"), "The placeholders of its URLs, filled by each user when connecting"),
			"headers":            mapOf(text("The value; may hold placeholders, and `{client_id}`"), "Headers of every call that has none of the name itself"),
			"verify_url":         text("Called after connecting; an answer that is not 2xx refuses the credential", "https://{domain}.acme.com/api/me"),
			"verify_method":      oneOf("How it is called; GET when left out", "GET", "POST"),
			"verify_body":        text("JSON, for POST", `{"query": "{ viewer { id } }"}`),
			"verify_accepts":     listOf(&huma.Schema{Type: huma.TypeInteger}, "Statuses besides 2xx that say the credential is right, such as 403 for keys that may be limited"),
			"verify_aws_service": text("With AWS signatures: the service that the verification request is signed for, where it is another", "sts"),
			"verify_member":      text("A path into the JSON answer to what has to be there and not false", "ok"),
			"auth":               ref("Auth"),
		}
	}
	typ := reflect.TypeFor[lanyard.Service]()
	required := []string{"link_name", "name", "hosts", "auth"}

	create := definition()
	create["kind"] = oneOf("A service made here is custom", lanyard.KindCustom)
	add("NewService", object(typ, create, nil, required...))
	anything := &huma.Schema{} // read by package definitions, which names each fault
	add("Definitions", object(reflect.TypeFor[definitions.Document](), properties{
		"lanyard":       number("The number of the format", 1),
		"services":      listOf(anything, "Custom services: `definition` as `POST /v1/services` takes it, `client_secret`, `author`"),
		"oauth_clients": listOf(anything, "OAuth clients of default services and of services of extensions: `service`, `client_id`, `client_secret`, `parameters`"),
		"connections":   listOf(anything, "Connections: `link_name`, `name`, `service`, `scopes`, `use_login_user_credentials`, `usable_by`, `owner`"),
		"functions":     listOf(anything, "Saved scripts: `link_name`, `name`, `script`, `schedule`"),
		"extensions":    listOf(anything, "Installed extensions: `name`, `publisher`, `version`, `digest`, `when_gone`"),
		"api_keys":      listOf(anything, "API keys: `name`, `owner`, `manage`, `act_for_users`, `connections`, `return_to_origins`"),
		"roles":         listOf(anything, "Roles of people: `email`, `role`"),
	}, nil))

	read := properties{
		"callback_url":      readOnly(text("Enter this with the provider as the redirect URI: it is this service's own", "https://lanyard.example.com/oauth/callback/org_…/acme")),
		"extension":         readOnly(text("The name of the extension that it came with, which alone changes it; left out where it came with none", "acme_orders")),
		"author":            readOnly(text("The id of the user who defined it; empty for a default service", "usr_…")),
		"created_at":        readOnly(&huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true, Description: "When it was defined; null for a default service"}),
		"updated_at":        readOnly(&huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true, Description: "When it was last changed; null for a default service"}),
		"client_set":        readOnly(&huma.Schema{Type: huma.TypeBoolean, Description: "Of a default service, or one of an extension, that is used with the organization's own OAuth client: whether that is set, without which nobody can connect"}),
		"register_url":      readOnly(text("Where the provider registers OAuth applications", "https://acme.com/settings/applications")),
		"register":          readOnly(text("The same in words", "In Acme, open Settings, Applications.")),
		"client_parameters": readOnly(&huma.Schema{Type: huma.TypeObject, AdditionalProperties: text("A value"), Description: "The values that came with the OAuth client; on a single read, for owners and admins"}),
		"verified_at":       readOnly(&huma.Schema{Type: huma.TypeString, Format: "date-time", Description: "The last day, in UTC, on which a default service, defined as it is, worked in this deployment, for whomever; left out where it has not yet"}),
		"affected": readOnly(&huma.Schema{
			Type: huma.TypeObject, Description: "On a single read, for whoever may change it: what an edit without keep_connections, the deletion or another client would revoke now",
			Properties: map[string]*huma.Schema{
				"authorizations": number("Connected authorizations", 3), "connections": number("Of so many connections", 2), "people": number("Of so many people", 2),
			},
		}),
	}
	all := append([]string{"kind", "callback_url", "author", "created_at", "updated_at"}, required...)
	add("Service", object(typ, definition(), read, all...))

	edited := maps.Clone(read)
	edited["revoked_authorizations"] = readOnly(number("How many authorizations the change revoked", 0))
	add("EditedService", object(typ, definition(), edited, append([]string{"revoked_authorizations"}, all...)...))

	patch := definition()
	for name, s := range patch {
		patch[name] = patchOf(s)
	}
	patch["auth"] = ref("AuthPatch")
	add("ServicePatch", object(typ, patch, nil))
}

func defineInvoke(add func(string, *huma.Schema)) {
	either := func(doc string, types ...string) *huma.Schema {
		s := &huma.Schema{Description: doc}
		for _, t := range types {
			s.OneOf = append(s.OneOf, &huma.Schema{Type: t})
		}
		return s
	}
	add("InvokeFile", object(reflect.TypeFor[invoke.File](), properties{
		"name":           text("The name of the form field", "attachment"),
		"filename":       text("The name of the file", "report.pdf"),
		"content_type":   text("The type of the file; application/octet-stream when left out", "application/pdf"),
		"content_base64": &huma.Schema{Type: huma.TypeString, ContentEncoding: "base64", Description: "What is in it"},
	}, nil, "name", "content_base64"))
	add("InvokeRequest", object(reflect.TypeFor[invoke.Request](), properties{
		"connection":        text("The link name of a connection; when left out the request carries no credential", "acme_live"),
		"url":               text("A URL, with placeholders for dynamic parameters, or a path that begins with `/`, taken relative to the service's base URL", "/v2/tickets"),
		"type":              text("The method; GET when left out", "GET"),
		"headers":           mapOf(text("The value"), "Headers to send. None of them replaces the credential's"),
		"parameters":        either("On GET, HEAD and DELETE appended to the query; otherwise sent as the body: an object form-encoded, a text as it is. Beside a `body` they go to the query", huma.TypeString, huma.TypeObject),
		"body":              either("The body: a text as it is, an object or a list as JSON", huma.TypeString, huma.TypeObject, huma.TypeArray),
		"files":             listOf(ref("InvokeFile"), "Files, sent with the parameters as multipart/form-data"),
		"content_type":      text("The content type of the body, where the usual one does not fit"),
		"timeout_ms":        number("Milliseconds to wait for the whole answer; the server's time-out when 0", 0),
		"follow_redirects":  flag("Follow at most five redirects. Each is checked anew, and the credential is only sent to listed hosts", false),
		"response_decoding": text("The character set of the answer, where it does not say itself", "ISO-8859-1"),
	}, nil, "url"))
	add("InvokeAnswer", &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"status", "headers", "duration_ms"}, Properties: properties{
			"status":      number("The status that the service answered with, whatever it is", 0),
			"headers":     mapOf(text("The value"), "The headers, with lower-case names; several values are joined by `, `"),
			"body":        &huma.Schema{Description: "The body: parsed JSON, or text"},
			"body_base64": &huma.Schema{Type: huma.TypeString, ContentEncoding: "base64", Description: "The body, when it is neither JSON nor text"},
			"duration_ms": number("How long the call took, in milliseconds", 0),
		},
	})
}
