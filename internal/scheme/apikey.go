package scheme

import "lanyard"

// bindAPIKey places each of the service's parameters where the definition says, its prefix before the value.
func bindAPIKey(s *lanyard.Service, c *lanyard.Credential) (Placer, error) {
	f := &fields{service: s.LinkName}
	for _, p := range s.Auth.APIKey.Parameters {
		v := c.Values[p.Name]
		if v.IsZero() {
			return nil, lacking(s, p.DisplayName, "is missing")
		}
		value := p.Prefix + v.Reveal()
		switch p.ParamType {
		case lanyard.ParamHeader:
			if err := f.addHeader(s, p.Name, p.DisplayName, p.Prefix, v.Reveal()); err != nil {
				return nil, err
			}
		case lanyard.ParamQuery:
			f.query = append(f.query, newParam(p.Name, value))
		case lanyard.ParamForm:
			// A line break could end a part of a multipart body.
			if lanyard.CheckHeaderValue(value) != nil {
				return nil, lacking(s, p.DisplayName, "holds line breaks or control characters and cannot be sent")
			}
			f.form = append(f.form, newParam(p.Name, value))
		}
	}
	return f, nil
}
