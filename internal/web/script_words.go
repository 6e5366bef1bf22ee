package web

import (
	"encoding/json"
	"net/http"

	"lanyard"
	"lanyard/internal/registry"
	"lanyard/internal/script"
	"lanyard/internal/store"
)

// The editor asks two things while somebody types: what is wrong, and what could come next.

// scriptCheck is what the editor is told of a script.
type scriptCheck struct {
	Problems   []lanyard.ScriptProblem `json:"problems"`
	Warnings   []lanyard.ScriptProblem `json:"warnings"`
	Declared   bool                    `json:"declared"` // it names its parameters
	Parameters []checkedParameter      `json:"parameters"`
}

type checkedParameter struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Help string `json:"help"` // how a value is written
}

// checkScript says what is wrong with what stands in the editor, and what it is to be given.
func (s *site) checkScript(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	checked, err := s.functions.Check(r.Context(), v.caller, readScript(r).Source)
	if err != nil {
		return err
	}
	answer := scriptCheck{Problems: checked.Problems, Warnings: checked.Warnings, Declared: checked.Declared}
	for _, p := range checked.Parameters {
		answer.Parameters = append(answer.Parameters, checkedParameter{p.Name, p.Type, parameterHelp[p.Type]})
	}
	return writeJSON(w, answer)
}

// scriptWords are what the editor completes.
type scriptWords struct {
	Functions   []scriptWord `json:"functions"`
	Tasks       []scriptWord `json:"tasks"`
	Saved       []scriptWord `json:"saved"` // thisapp.name
	Keywords    []scriptWord `json:"keywords"`
	Attributes  []scriptWord `json:"attributes"` // of invokeurl
	Connections []scriptWord `json:"connections"`
}

// scriptWord is one thing to choose.
type scriptWord struct {
	Text  string `json:"text"`            // what is put into the script
	Usage string `json:"usage,omitempty"` // how it is called
	About string `json:"about,omitempty"` // a sentence
}

var keywordWords = []scriptWord{
	{"if", "if (condition) { }", "Runs what stands in braces when the condition is true."},
	{"else", "else { }", "Runs when no condition before it was true."},
	{"for each", "for each item in list { }", "Runs once for each element, the last of which stays in the variable."},
	{"for each index", "for each index i in list { }", "Runs once for each index of a list, from 0."},
	{"break", "break;", "Ends the innermost loop."},
	{"continue", "continue;", "Goes on with the next round of the innermost loop."},
	{"info", "info value;", "Prints a line."},
	{"return", "return value;", "Ends the function with a result."},
	{"try", "try { } catch (e) { }", "Runs what stands in braces; an error in it is caught."},
	{"catch", "catch (e) { }", "Runs after an error: e.message, e.lineNo."},
	{"invokeurl", "invokeurl [ url: type: connection: ]", "Calls a URL through a connection."},
	{"ifNull", "ifNull(value, instead)", "The value, or another one where it is null."},
	{"true", "", ""}, {"false", "", ""}, {"null", "", ""},
}

var attributeWords = []scriptWord{
	{"url", `url: "https://…"`, "What is called: a path of the service, or a whole URL. {name} is filled from the connection."},
	{"type", "type: GET", "GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS; GET when it is left out."},
	{"connection", `connection: "link_name"`, "Whose credential the call is made with."},
	{"headers", "headers: map", "Headers, as a map."},
	{"parameters", "parameters: map", "Parameters of the query, or a form or text as the body of a POST, PUT or PATCH."},
	{"body", "body: value", "The body, instead of parameters."},
	{"content-type", `content-type: "application/json"`, "The type of the body."},
	{"files", "files: file", "Files that are sent in parts."},
	{"detailed", "detailed: true", "The answer is a map with status, headers and content; an error status ends nothing."},
	{"response-format", "response-format: FILE", "What the answer is read as."},
	{"response-decoding", `response-decoding: "UTF-8"`, "The character set of the answer."},
}

// maxCompletedConnections bounds what the editor proposes inside connection: "…".
const maxCompletedConnections = 500

// scriptCompletions lists what can be completed, for the visitor: connections are those that the lists of connections show.
func (s *site) scriptCompletions(w http.ResponseWriter, r *http.Request, v visitor) error {
	words := scriptWords{Keywords: keywordWords, Attributes: attributeWords, Functions: builtinWords(), Tasks: []scriptWord{}, Saved: []scriptWord{}, Connections: []scriptWord{}}
	tasks, err := s.functions.Tasks(r.Context(), v.caller)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		words.Tasks = append(words.Tasks, scriptWord{Text: t.Name, Usage: t.Usage(), About: t.About})
	}
	for cursor := ""; ; {
		list, next, err := s.registry.Connections(r.Context(), v.caller, registry.ConnectionFilter{}, store.Page{Cursor: cursor, Limit: 100})
		if err != nil {
			return err
		}
		for i := range list {
			words.Connections = append(words.Connections, scriptWord{Text: string(list[i].LinkName), Usage: list[i].ServiceName, About: list[i].Name})
		}
		if cursor = next; cursor == "" || len(words.Connections) >= maxCompletedConnections {
			break
		}
	}
	saved, _, err := s.functions.List(r.Context(), v.caller, "", store.Page{Limit: 100})
	if err != nil {
		return err
	}
	for i := range saved {
		words.Saved = append(words.Saved, scriptWord{Text: "thisapp." + string(saved[i].LinkName), Usage: saved[i].Name})
	}
	return writeJSON(w, words)
}

// builtinWords are the functions of the language.
func builtinWords() []scriptWord {
	var words []scriptWord
	for _, f := range script.Functions() {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			words = append(words, scriptWord{Text: name, Usage: name + "(" + f.Takes + ")", About: f.About})
		}
	}
	return words
}

// writeJSON answers a page's own script.
func writeJSON(w http.ResponseWriter, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data) // a browser that has gone away needs no answer
	return nil
}
