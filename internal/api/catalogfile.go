package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"lanyard"
)

// yamlMedia is the media type of YAML (RFC 9512).
const yamlMedia = "application/yaml"

type catalogFile struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (a *API) readCatalogFile(ctx context.Context, c *lanyard.Caller, in *ServiceName) (*catalogFile, error) {
	f, err := a.Registry.CatalogFile(ctx, c, in.LinkName)
	if err != nil {
		return nil, err
	}
	return &catalogFile{yamlMedia, `attachment; filename="` + f.Name + `"`, f.Text}, nil
}

// schema serves what editors ask for, from anywhere.
func schema(text []byte) http.HandlerFunc {
	sum := sha256.Sum256(text)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		serveDocs(w, "application/schema+json", "public, max-age=3600", text)
	}
}
