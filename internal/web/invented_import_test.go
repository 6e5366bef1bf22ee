package web

import (
	"net/http"
	"net/url"

	"lanyard"
	"lanyard/internal/definitions"
	"lanyard/internal/importer"
	"lanyard/internal/problem"
)

// importStates are the pages that take what people bring from elsewhere.
func importStates() []state {
	v := visiting()
	wrong := problem.Of(lanyard.Errorf(lanyard.CodeInvalidRequest, "Nothing was imported: the command has no URL."), "req_1")
	command, err := importer.ParseCurl(`curl -k 'https://api.acme.example/v2/tickets?limit=5' -H 'X-Api-Key: key' -H 'X-Api-Secret: secret' -b sid=1`, nil)
	if err != nil {
		panic(err)
	}
	var steps []curlStep
	for i := range command.Candidates {
		s, err := command.Service(i, "", "", nil)
		if err != nil {
			panic(err)
		}
		definition, err := importer.Definition(s)
		if err != nil {
			panic(err)
		}
		steps = append(steps, curlStep{command.Candidates[i].Words, definition, command.FirstCall(i)})
	}
	curl, err := newCurlReview(v, steps, command.Notes, curlInput{Name: "Acme", LinkName: "acme_2", Connect: true}, func(i int, field string) string { return command.Candidates[i].Values[field].Reveal() }, nil)
	if err != nil {
		panic(err)
	}
	in, err := importer.Read(importer.KindNango, []byte(`[{"unique_key":"github-prod","provider":"github","credentials":{"type":"OAUTH2","client_id":"Iv1.1","client_secret":"s","scopes":"repo,made:up"}},
		{"unique_key":"legacy","provider":"no-such-provider"}]`), importer.Options{WithSecrets: true})
	if err != nil {
		panic(err)
	}
	export, err := newImportReview(v, in, &definitions.Plan{Steps: []definitions.Step{{Kind: "connection", Name: "github_prod", Action: definitions.Create, Words: []string{"A connection with github is made."}}}}, nil)
	if err != nil {
		panic(err)
	}
	return []state{
		{"import", http.StatusOK, newImportPage(v, url.Values{}, nil)},
		{"import-wrong", http.StatusBadRequest, newImportPage(v, url.Values{"base_url": {"https://api.acme.example"}}, wrong)},
		{"import-curl", http.StatusOK, curl},
		{"import-nango", http.StatusOK, export},
	}
}
