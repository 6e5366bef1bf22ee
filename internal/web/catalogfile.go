package web

import "net/http"

// catalogFile gives a service as a file to keep, or to carry to another organization.
func (s *site) catalogFile(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.registry.CatalogFile(r.Context(), v.caller, r.PathValue("service"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/yaml; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+f.Name+`"`)
	_, _ = w.Write(f.Text) //nolint:gosec // no page: it is a file to download, and YAML. A reader that has gone away reads no more
	return nil
}

// File is where the definition can be downloaded.
func (p servicePage) File() string {
	return "/services/" + string(p.Service.LinkName) + "/catalog_file"
}
