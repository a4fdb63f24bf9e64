package settings

// offsite reads the settings of the off-site copy: all of them, or none.
func (r *reader) offsite() *Offsite {
	kind, bucket := r.optional("offsite", "", offsiteKind), r.get("offsiteBucket")
	switch {
	case kind != "" && bucket != "":
		r.mistake("offsite: got %q, but offsiteBucket names a bucket, and the copies go to one place; keep one, and take the other out: pulumi config rm offsite, or pulumi config rm offsiteBucket", kind)
		return nil
	case kind != "":
		return &Offsite{Recipient: r.required("offsiteRecipient", ageRecipient), Box: &Box{
			Type:     r.optional("offsiteType", "", shortName),
			Location: r.optional("offsiteLocation", "", shortName),
			HostKeys: r.publicKeys("offsiteHostKeys", boxHostKeys),
		}}
	case bucket != "":
		return &Offsite{Bucket: &Bucket{
			Endpoint:  r.optional("offsiteEndpoint", "", httpsURL),
			Region:    r.optional("offsiteRegion", "us-east-1", regionName),
			Name:      r.required("offsiteBucket", bucketName),
			AccessKey: r.requiredSecret("offsiteAccessKey", bucketKey),
			SecretKey: r.requiredSecret("offsiteSecretKey", bucketKey),
		}, Recipient: r.required("offsiteRecipient", ageRecipient)}
	}
	return nil
}

// boxHostKeys are those of port 23 of every Storage Box. Hetzner publishes their
// fingerprints, which a test holds them against:
// https://docs.hetzner.com/storage/storage-box/general/#ssh-host-keys
var boxHostKeys = []string{
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIICf9svRenC/PLKIL9nk6K/pxQgoiFC41wTNvoIncOxs",
	"ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAGK0po6usux4Qv2d8zKZN1dDvbWjxKkGsx7XwFdSUCnF19Q8psHEUWR7C/LtSQ5crU/g+tQVRBtSgoUcE8T+FWp5wBxKvWG2X9gD+s9/4zRmDeSJR77W6gSA/+hpOZoSE+4KgNdnbYSNtbZH/dN74EG7GLb/gcIpbUUzPNXpfKl7mQitw==",
	"ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAQEA5EB5p/5Hp3hGW1oHok+PIOH9Pbn7cnUiGmUEBrCVjnAw+HrKyN8bYVV0dIGllswYXwkG/+bgiBlE6IVIBAq+JwVWu1Sss3KarHY3OvFJUXZoZyRRg/Gc/+LRCE7lyKpwWQ70dbelGRyyJFH36eNv6ySXoUYtGkwlU5IVaHPApOxe4LHPZa/qhSRbPo2hwoh0orCtgejRebNtW5nlx00DNFgsvn8Svz2cIYLxsPVzKgUxs8Zxsxgn+Q/UvR7uq4AbAhyBMLxv7DjJ1pc7PJocuTno2Rw9uMZi1gkjbnmiOh6TTXIEWbnroyIhwc8555uto9melEUmWNQ+C+PwAK+MPw==",
}

func (r *reader) requiredSecret(key string, want rule) string {
	if r.get(key) == "" {
		r.mistake("%s: not set, needed is %s; set it with: pulumi config set --secret %s", key, want.wanted, key)
	}
	return r.secret(key, want)
}
