package backup

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"lanyard/internal/store"
)

// InstanceHeader is the header of /healthz that says which instance answers.
const InstanceHeader = "Lanyard-Instance"

// askWithin is how long an instance may take to say who it is.
const askWithin = 5 * time.Second

// OriginAnswers asks the public URLs of a restored instance and of its origin who answers there. It gives the URL where
// the origin does, so that the two are running at once; empty: none, or nobody can be asked.
func OriginAnswers(ctx context.Context, client *http.Client, i store.Instance) string {
	if i.Origin.ID == "" {
		return ""
	}
	urls := []string{i.Origin.PublicURL, i.PublicURL}
	for _, u := range slices.Compact(urls) {
		if id, err := whoAnswers(ctx, client, u); err == nil && id == i.Origin.ID {
			return u
		}
	}
	return ""
}

func whoAnswers(ctx context.Context, client *http.Client, publicURL string) (string, error) {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%q is no public URL", publicURL)
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.JoinPath("/healthz").String(), nil)
	if err != nil {
		return "", err
	}
	answer, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	return answer.Header.Get(InstanceHeader), nil
}
