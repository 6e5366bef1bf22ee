package definitions

import (
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"lanyard/internal/catalog"
)

const heading = `Definitions of a Lanyard organization, without any secret.
Apply them with: lanyard apply FILE --dry-run
What is not named here stays as it is. Secrets are read from the environment, or from files, when this is applied.`

// YAML writes a document for people: what is the usual is left out.
func (d *Document) YAML() ([]byte, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Load(text, &root); err != nil { // JSON is YAML, and its fields have the order of ours
		return nil, fmt.Errorf("write the definitions as YAML: %w", err)
	}
	top := root.Content[0]
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value != "services" {
			continue
		}
		for _, service := range top.Content[i+1].Content {
			for j := 0; j+1 < len(service.Content); j += 2 {
				if service.Content[j].Value == "definition" {
					catalog.LeaveOutUsual(service.Content[j+1])
				}
			}
		}
	}
	body, err := catalog.DumpYAML(&root)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for line := range strings.SplitSeq(heading, "\n") {
		b.WriteString("# " + line + "\n")
	}
	for _, remark := range d.Remarks {
		b.WriteString("# " + oneLine(remark) + "\n")
	}
	b.WriteString("\n")
	b.Write(body)
	return []byte(b.String()), nil
}

// oneLine keeps what people typed in from ending a comment.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
