package components

import (
	"crypto/sha256"
	"math/big"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NewPassword returns the configured password, or for "" one of 32 letters and
// digits that stays the same on every run: a secret either way.
//
// The generated one is derived from a private key kept encrypted in the state: a
// key is the one thing pulumi-tls draws at random and remembers, while a
// password drawn in the program would be another one on each run.
func NewPassword(ctx *pulumi.Context, name, configured string, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	if configured != "" {
		return pulumi.ToSecret(pulumi.String(configured)).(pulumi.StringOutput), nil
	}
	key, err := newKey(ctx, name, opts...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return pulumi.ToSecret(key.PrivateKeyPem.ApplyT(derivePassword)).(pulumi.StringOutput), nil
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// derivePassword writes 190 bits of the key's SHA-256 as letters and digits, which
// neither dotenv nor Docker's env files change.
func derivePassword(key string) string {
	sum := sha256.Sum256([]byte(key))
	number, base, digit := new(big.Int).SetBytes(sum[:]), big.NewInt(int64(len(alphabet))), new(big.Int)
	text := make([]byte, 32)
	for i := range text {
		number.DivMod(number, base, digit)
		text[i] = alphabet[digit.Int64()]
	}
	return string(text)
}
