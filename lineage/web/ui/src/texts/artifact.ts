export const artifact = {
  states: {
    UNVERIFIED: 'Not looked at',
    PRESENT: 'Present',
    MISSING: 'Missing',
    CHANGED: 'Changed',
  },
}
