package kamalfiles

import (
	"bytes"
	"fmt"
	"regexp"
)

// requireSSL switches config.assume_ssl and config.force_ssl on in
// config/environments/production.rb: without them Rails takes requests for
// plain HTTP behind the proxy (https://guides.rubyonrails.org/configuring.html).
// They are uncommented where they stand.
func requireSSL(text []byte) ([]byte, error) {
	for _, setting := range []string{"assume_ssl", "force_ssl"} {
		changed, err := switchOn(text, setting)
		if err != nil {
			return nil, fmt.Errorf("%w; it is left as it is, see to it by hand that it says:\n  config.assume_ssl = true\n  config.force_ssl = true", err)
		}
		text = changed
	}
	return text, nil
}

func switchOn(text []byte, setting string) ([]byte, error) {
	live := regexp.MustCompile(`(?m)^([ \t]*)config\.` + setting + `([ \t]*=[ \t]*)([^\r\n]*?)([ \t]*(?:#[^\r\n]*)?)(\r?)$`)
	found := live.FindAllSubmatchIndex(text, -1)
	switch {
	case len(found) > 1:
		return nil, lineRefusal(text, found[1][0], "config.%s is set a second time", setting)
	case len(found) == 1 && string(text[found[0][6]:found[0][7]]) == "true":
		return text, nil
	case len(found) == 1 && string(text[found[0][6]:found[0][7]]) == "false":
		return replaced(text, found[0][6], found[0][7], "true"), nil
	case len(found) == 1:
		return nil, lineRefusal(text, found[0][0], "config.%s depends on %q", setting, text[found[0][6]:found[0][7]])
	}
	stub := regexp.MustCompile(`(?m)^([ \t]*)#[ \t]*(config\.` + setting + `[ \t]*=[ \t]*)(true|false)`)
	if found := stub.FindSubmatchIndex(text); found != nil {
		line := string(text[found[2]:found[3]]) + string(text[found[4]:found[5]]) + "true"
		return replaced(text, found[0], found[1], line), nil
	}
	return insertSetting(text, setting)
}

// insertSetting puts a setting that the file does not mention (Rails before
// 7.1 has no assume_ssl) before force_ssl, or at the top of the block.
func insertSetting(text []byte, setting string) ([]byte, error) {
	neighbour := regexp.MustCompile(`(?m)^([ \t]*)config\.force_ssl[ \t]*=[^\r\n]*(\r?\n)`)
	if found := neighbour.FindSubmatchIndex(text); found != nil {
		indent, newline := string(text[found[2]:found[3]]), string(text[found[4]:found[5]])
		return replaced(text, found[0], found[0], indent+"config."+setting+" = true"+newline), nil
	}
	opening := regexp.MustCompile(`(?m)^([ \t]*)[\w:]+\.application\.configure do[ \t]*(\r?\n)`)
	if found := opening.FindSubmatchIndex(text); found != nil {
		indent, newline := string(text[found[2]:found[3]]), string(text[found[4]:found[5]])
		return replaced(text, found[1], found[1], indent+"  config."+setting+" = true"+newline), nil
	}
	return nil, refusal{0, "there is no `Rails.application.configure do`"}
}

func replaced(text []byte, start, end int, with string) []byte {
	return bytes.Join([][]byte{text[:start], []byte(with), text[end:]}, nil)
}

func lineRefusal(text []byte, at int, format string, args ...any) error {
	return refusal{1 + bytes.Count(text[:at], []byte("\n")), fmt.Sprintf(format, args...)}
}
