package catalog

import (
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"lanyard"
)

// TestIndex: what is read from the index is what is read from the files.
func TestIndex(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range []string{"developer_tools/github.yaml", "crm/zoho_crm.yaml", "customer_support/zendesk.yaml", "design/flickr.yaml", "file_storage/aws_s3.yaml"} {
		data, err := os.ReadFile("services/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	written, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	index, err := written.Index()
	if err != nil {
		t.Fatal(err)
	}
	read, err := readIndex(string(index))
	if err != nil {
		t.Fatal(err)
	}
	if len(read.entries) != len(files) {
		t.Fatalf("%d entries were read", len(read.entries))
	}
	for i, e := range written.entries {
		same := cmp.FilterPath(func(p cmp.Path) bool { n := p.Last().String(); return n == ".service" || n == ".document" }, cmp.Ignore())
		if diff := cmp.Diff(read.entries[i], e, cmp.AllowUnexported(Entry{}, Way{}), same); diff != "" {
			t.Errorf("%s (-read +written):\n%s", e.Name, diff)
		}
	}
	secrets := cmp.AllowUnexported(lanyard.Secret{})
	if diff := cmp.Diff(read.Services(), written.Services(), secrets); diff != "" {
		t.Errorf("services (-read +written):\n%s", diff)
	}
}

func BenchmarkDefault(b *testing.B) {
	for b.Loop() {
		if _, err := readIndex(index); err != nil {
			b.Fatal(err)
		}
	}
}
