package extension

import (
	"bytes"
	"embed"
	"strings"
	"text/template"

	"lanyard"
)

// Draft is an extension to begin with.
type Draft struct {
	Schema string           // address of the schema, for editors
	Name   lanyard.LinkName // at most [MaxDraftName] long, so that names can be made of it
}

// MaxDraftName is how long the name of a draft may be.
const MaxDraftName = 40

//go:embed draft/*.tmpl
var draftFiles embed.FS

var drafts = template.Must(template.ParseFS(draftFiles, "draft/*.tmpl"))

// Title is the name as people read it.
func (d *Draft) Title() string {
	words := strings.TrimRight(strings.ReplaceAll(string(d.Name), "_", " "), " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// Files are the files of the folder, by their paths.
func (d *Draft) Files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for path, name := range map[string]string{
		ManifestFile: "extension.yaml.tmpl", "services/" + string(d.Name) + "_api.yaml": "service.yaml.tmpl", "scripts/who.dg": "who.dg.tmpl", readme: "README.md.tmpl",
	} {
		var b bytes.Buffer
		if err := drafts.ExecuteTemplate(&b, name, d); err != nil {
			return nil, err
		}
		files[path] = b.Bytes()
	}
	return files, nil
}
