package lanyard_test

import (
	"encoding/json"
	"errors"
	"testing"

	"lanyard"
)

// TestTaskValidate: each fault of a task is found where it stands.
func TestTaskValidate(t *testing.T) {
	service := &lanyard.Service{LinkName: "desk", BaseURL: "https://desk.example/v1", Hosts: []string{"desk.example"}}
	for _, c := range []struct{ name, change, at string }{
		{"nothing is wrong", `{}`, ""},
		{"a name without a service", `{"name": "create"}`, "/name"},
		{"a name of the language", `{"name": "zoho.encryption.md6"}`, "/name"},
		{"no word about it", `{"about": ""}`, "/about"},
		{"no such method", `{"method": "BREW"}`, "/method"},
		{"a scope that the service does not have", `{"scopes": ["all"]}`, "/scopes/0"},
		{"a parameter called connection", `{"url": "/{connection}", "parameters": [{"name": "connection", "type": "text"}]}`, "/parameters/0/name"},
		{"one name twice", `{"parameters": [{"name": "id", "type": "text"}, {"name": "id", "type": "text"}]}`, "/parameters/1/name"},
		{"no such type", `{"parameters": [{"name": "id", "type": "uuid"}]}`, "/parameters/0/type"},
		{"a parameter that nothing uses", `{"parameters": [{"name": "id", "type": "text"}, {"name": "note", "type": "text"}]}`, "/parameters/1"},
		{"what follows an optional one", `{"url": "/{id}/{part}", "parameters": [{"name": "id", "type": "text", "optional": true}, {"name": "part", "type": "text"}]}`, "/parameters/1/optional"},
		{"a default that is never used", `{"parameters": [{"name": "id", "type": "text", "default": "1"}]}`, "/parameters/0/default"},
		{"choices of a number", `{"parameters": [{"name": "id", "type": "number", "choices": ["1"]}]}`, "/parameters/0/choices"},
		{"a placeholder of no parameter", `{"body": {"id": "{ident}"}}`, "/body"},
		{"two bodies", `{"body": {}, "form": {}}`, "/body"},
		{"a query that is a list", `{"query": ["a"]}`, "/query"},
		{"a URL that is none", `{"url": "records/{id}"}`, "/url"},
		{"an answer with a wildcard", `{"answer": "data.*"}`, "/answer"},
		{"a condition with a wildcard", `{"answer": "data", "answer_if": "data.*"}`, "/answer_if"},
	} {
		t.Run(c.name, func(t *testing.T) {
			task := lanyard.Task{Name: "desk.get", About: "Gives a record.", URL: "/records/{id}", Parameters: []lanyard.TaskParameter{{Name: "id", Type: lanyard.TypeText}}}
			if err := json.Unmarshal([]byte(c.change), &task); err != nil {
				t.Fatal(err)
			}
			err := task.Validate(service)
			var problem *lanyard.Error
			switch {
			case c.at == "" && err != nil:
				t.Error(err)
			case c.at == "":
			case !errors.As(err, &problem) || len(problem.Fields) != 1 || problem.Fields[0].Pointer != c.at:
				t.Errorf("got %v, want one fault at %s", err, c.at)
			}
		})
	}
}
