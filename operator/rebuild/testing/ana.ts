// One member as homes tell of her, where a test says itself what each of them knows.
export const seen = { incarnation: 1, revision: 9n }
export const ana = {
  id: '1',
  handle: 'ana',
  epoch: 3,
  role: 'moderator',
  signupToken: null,
  expiresAt: null,
}
