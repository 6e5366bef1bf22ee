package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"time"
)

//go:embed embed/embed.js
var embedScript []byte

var embedTag = func() string {
	sum := sha256.Sum256(embedScript)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}()

// serveEmbed serves the script that other products' pages load for a Connect button. Its address never changes, so it is
// asked for again after a while; it sets no cookie and says nothing about whoever asks.
func serveEmbed(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=600")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("ETag", embedTag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(embedScript))
}
