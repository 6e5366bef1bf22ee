package scheme

import "lanyard"

// bindAPIKey places each of the service's parameters where the definition says, its prefix before the value.
func bindAPIKey(s *lanyard.Service, c *lanyard.Credential) (Placer, error) {
	f := &fields{service: s.LinkName}
	var segments []string
	for _, p := range s.Auth.APIKey.Parameters {
		v := c.Values[p.Name]
		if v.IsZero() {
			return nil, lacking(s, p.DisplayName, "is missing")
		}
		prefix, err := filled(s, c, p.Prefix)
		if err != nil {
			return nil, err
		}
		value := prefix + v.Reveal()
		switch p.ParamType {
		case lanyard.ParamHeader:
			if err := f.addHeader(s, p.Name, p.DisplayName, prefix, v.Reveal()); err != nil {
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
		case lanyard.ParamPath:
			segments = append(segments, value)
		}
	}
	if len(segments) > 0 {
		return bindPath(s, f, segments)
	}
	return f, nil
}

// filled is a text of the definition with the credential's values in it.
func filled(s *lanyard.Service, c *lanyard.Credential, text string) (string, error) {
	value, err := lanyard.FillText(text, s.DynamicParameters, c.Parameters)
	if err != nil {
		return "", lanyard.Errorf(lanyard.CodeReconnectRequired, "The credential for the service %s cannot be placed: %s.", s.LinkName, err)
	}
	return value, nil
}
