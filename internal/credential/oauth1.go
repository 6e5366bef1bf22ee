package credential

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"lanyard"
	"lanyard/internal/scheme/oauth1"
)

// oauth1Client speaks OAuth 1 with one provider: a service's URLs, filled, and its consumer.
type oauth1Client struct {
	*http.Client
	consumer                                 oauth1.Consumer
	requestTokenURL, authorizeURL, accessURL string
}

func (k *Keeper) oauth1Client(con *Connection, values map[string]string) (*oauth1Client, error) {
	a := con.Service.Auth.OAuth1
	values = con.Service.Complete(values)
	realm, err := lanyard.FillText(a.Realm, con.Service.DynamicParameters, values)
	if err != nil {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "The realm of the service %s cannot be made: %s.", con.Service.Name, err)
	}
	c := &oauth1Client{Client: k.Client, consumer: oauth1.Consumer{
		Key: a.ConsumerKey, Secret: a.ConsumerSecret, Method: oauth1.SignatureMethod(a.SignatureMethod), Placement: oauth1.Placement(a.ParamType), Realm: realm, Now: k.Store.Now,
	}}
	for _, u := range []struct {
		template string
		into     *string
	}{{a.RequestTokenURL, &c.requestTokenURL}, {a.AuthorizeURL, &c.authorizeURL}, {a.AccessTokenURL, &c.accessURL}} {
		if con.Service.Waits(u.template, values) {
			continue
		}
		filled, err := con.Service.FillURL(u.template, values)
		if err != nil {
			return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "A URL of the service %s cannot be made: %s.", con.Service.Name, err)
		}
		*u.into = filled.String()
	}
	return c, nil
}

func (c *oauth1Client) requestToken(ctx context.Context, callback string) (oauth1.Token, error) {
	issued, err := c.consumer.RequestToken(ctx, c.Client, c.requestTokenURL, callback)
	if err != nil {
		return oauth1.Token{}, err
	}
	return issued.Token, nil
}

func (c *oauth1Client) accessToken(ctx context.Context, temporary oauth1.Token, verifier lanyard.Secret) (*oauth1.Issued, error) {
	return c.consumer.AccessToken(ctx, c.Client, c.accessURL, temporary, verifier)
}

// oauth1Error is a failed OAuth 1 call for people, with the provider's own words.
func oauth1Error(con *Connection, doing string, err error) error {
	var guarded *lanyard.Error
	if errors.As(err, &guarded) {
		return guarded // the guarded client explains itself
	}
	e := lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "%s did not %s.", con.Service.Name, doing).With(err)
	var provider *oauth1.Error
	if !errors.As(err, &provider) {
		return e
	}
	e.Message = fmt.Sprintf("%s did not %s: %s.", con.Service.Name, doing, provider.Problem)
	e.ProviderDescription = provider.Words
	if provider.Words != "" {
		e.Message += " It said: " + provider.Words
	}
	if provider.ClockSkew != 0 {
		e.Message += fmt.Sprintf(" Its clock and Lanyard's differ by %s, and signatures carry the time: set the clock.", provider.ClockSkew.Abs())
	}
	if provider.Status >= 400 && provider.Status < 500 {
		e.Code = lanyard.CodeInvalidRequest
	}
	return e
}
