export const charts = {
  help: 'Walk from point to point with the left and right arrow keys, Home and End; Enter opens a point.',
}
